-- +goose Up
-- A case whose customer is satisfied waits to be filed (待归档), and no more for his opinion.
update complaint_case set state = 'settled' where state = 'replied' and satisfied = 'yes';
