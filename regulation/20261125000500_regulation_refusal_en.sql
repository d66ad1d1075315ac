-- +goose Up
-- The reason of a refusal in English as well; rows of before have it in Chinese only.
alter table regulation_refusal add column why_en text not null default '';
