-- +goose Up
-- taken: whoever used the old unit goes on in this one. heir: the one new unit that what cannot be divided goes to (spaces,
-- a contract's money, what is owed); each old unit has one.
alter table estate_unit_link add column taken boolean not null default false;
alter table estate_unit_link add column heir boolean not null default false;
update estate_unit_link set taken = true where how = 'merge';
update estate_unit_link set heir = true where id in (select min(id) from estate_unit_link group by project_id, old_id);
