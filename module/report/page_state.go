package report

import (
	"huiyin/core"
	"huiyin/module/complaint"
	"huiyin/module/desk"
	"huiyin/module/repair"
)

// stateOf names the state of a record behind a figure.
func stateOf(kind, state string) core.Text {
	switch kind {
	case "complaint":
		return core.Label(complaint.States(), state)
	case "repair":
		return core.Label(repair.States(), state)
	case "desk":
		return core.Label(desk.States(), state)
	case "entry":
		return core.Label([]core.Choice{{Value: desk.EntryPlanned, Label: core.T("待联系", "To contact")}, {Value: desk.EntryContacted, Label: core.T("已联系", "Contacted")}, {Value: desk.EntryBegun, Label: core.T("作业中", "At work")},
			{Value: desk.EntryDone, Label: core.T("已完成", "Done")}, {Value: desk.EntryCancelled, Label: core.T("已取消", "Cancelled")}}, state)
	}
	return core.Text{ZH: "—", EN: "—"}
}

// sub says how many records there are now and how many the report counted.
func (v recordsView) sub() core.Text {
	n := core.T("%d 件", "%d records", v.Shown)
	if v.More {
		n = core.T("前 %d 件", "the first %d records", v.Shown)
	}
	if v.Said >= 0 && v.Said != int64(v.Shown) && !v.More {
		return core.T("%s;报表编制时是 %d 件,之后记录有变动", "%s; the report counted %d: the records have changed since", n, v.Said)
	}
	return n
}
