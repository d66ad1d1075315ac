-- +goose Up
-- Who keyed in an answer from a paper questionnaire (纸质答卷) and when, and who put it right afterwards. An answer that
-- the customer gave online has neither.
alter table survey_answer add column keyed_by bigint;
alter table survey_answer add column keyer text not null default '';
alter table survey_answer add column keyed_at bigint;
alter table survey_answer add column fixed_by bigint;
alter table survey_answer add column fixer text not null default '';
alter table survey_answer add column fixed_at bigint;
alter table survey_answer add column fix_reason text not null default '';
