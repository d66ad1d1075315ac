-- +goose Up
-- The customers of the first class (A 类客户, C16.3), whom cards, regular visits and festivals are about.
create index customer_customer_first on customer_customer (project_id, filed_at, id) where category = 'key' or grade = 'gold';
