-- +goose Up
-- A consent that was given for one matter only, by a public form: the matter with its number, and the form's name. It is
-- none to keep a file (B1.4).
alter table customer_consent add column matter_id bigint;
alter table customer_consent add column matter_number text not null default '';
alter table customer_consent add column form text not null default '';
alter table customer_consent add column form_en text not null default '';
