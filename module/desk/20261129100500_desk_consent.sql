-- +goose Up
-- When the sender of a message withdrew the consent that came with it (L5).
alter table desk_message add column withdrawn_at bigint;
-- What senders agreed to stands in their files where they were recognised: the consent has the message's id.
insert into customer_consent (project_id, id, customer_id, purpose, sensitive, how, given_at, given_by, matter_id, matter_number, form, form_en)
select s.project_id, s.id, m.customer_id, '只为办理事项 ' || m.number, false, 'form', s.consented_at, m.contact, m.id, m.number,
  case s.kind when 'box' then '意见箱' else '网上诉求' end, case s.kind when 'box' then 'Suggestion box' else 'Online requests' end
from desk_message s join desk_matter m on m.project_id = s.project_id and m.id = s.matter_id
where s.consented_at is not null and m.customer_id is not null;
