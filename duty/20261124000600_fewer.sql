-- +goose Up
-- One index finds a duty again and lists a record's duties; what belongs to nobody in person is in no list of persons.
create unique index duty_duty_slot on duty_duty (project_id, kind, record_id, clause, number, round);
drop index duty_duty_one;
drop index duty_duty_record;
drop index duty_duty_user;
create index duty_duty_person on duty_duty (project_id, user_id, due_at, id) where state = 'open' and user_id is not null;
