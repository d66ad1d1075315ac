package app

import (
	"huiyin/house"
	"huiyin/module/complaint"
	"huiyin/module/compliance"
	"huiyin/module/customer"
	"huiyin/module/desk"
	"huiyin/module/dispute"
	"huiyin/module/estate"
	"huiyin/module/followup"
	"huiyin/module/outbox"
	"huiyin/module/project"
	"huiyin/module/repair"
	"huiyin/module/report"
	"huiyin/module/survey"
	"huiyin/module/user"
	"huiyin/module/visit"
)

// Modules is THE list, in the order of the data: who, on what terms, what is owed, what was asked, the premises, the
// office, what it adds up to. A module may import those above it.
func Modules() []house.Module {
	return []house.Module{
		project.Module(),
		user.Module(),
		outbox.Module(),
		estate.Module(),
		customer.Module(),
		desk.Module(),
		repair.Module(),
		complaint.Module(),
		dispute.Module(),
		visit.Module(),
		followup.Module(),
		survey.Module(),
		report.Module(),
		compliance.Module(),
	}
}
