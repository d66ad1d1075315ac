package desk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"strconv"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/module/project"
	"huiyin/print"
	"huiyin/register"
	"huiyin/web"
	"huiyin/web/ui"
)

// A public door (公众入口) takes requests from whoever holds its code, without sign-in and without script: the web form (网上
// 诉求) and the suggestion box (意见箱, where a name is nobody's business). What is sent becomes a matter as a letter does; the
// sender gets its number and a link of its own that shows how it stands.

// The kinds of door; each is the channel of what comes in by it.
const (
	DoorWeb = "web" // 网上诉求
	DoorBox = "box" // 意见箱
)

// Door is one way in for the public.
type Door struct {
	Ref     core.Ref
	Version int64
	Kind    string
	Turn    int64 // raised when the code is replaced: the old one opens nothing then
	Enabled bool
	hash    string
}

// DoorIn is what a new door is asked for.
type DoorIn struct{ Kind string }

var doorKind = register.Kind{Name: "door", Plural: "doors", Label: core.T("公众入口", "Public doors"), Table: "desk_door", Choices: map[string][]core.Choice{"kind": DoorKinds()}, Events: map[string]core.Text{
	"made": core.T("开设{kind}", "opened the {kind}"), "replaced": core.T("更换二维码:{reason}", "replaced the code: {reason}"), "off": core.T("停用:{reason}", "switched it off: {reason}"), "on": core.T("重新启用", "switched it on again")}}

// DoorKinds are the doors with their names.
func DoorKinds() []core.Choice {
	return []core.Choice{{Value: DoorWeb, Label: core.T("网上诉求", "Online requests")}, {Value: DoorBox, Label: core.T("意见箱", "Suggestion box")}}
}

func (d *Door) cells() []db.Cell {
	return []db.Cell{{Name: "kind", Ptr: &d.Kind}, {Name: "turn", Ptr: &d.Turn}, {Name: "code_hash", Ptr: &d.hash}, {Name: "enabled", Ptr: &d.Enabled}}
}

func (d *Door) dest() []any { return db.CellDest(&d.Ref, &d.Version, d.cells()) }

func (d Door) withRef() Door { d.Ref.Kind = doorKind.Name; return d }

const doorColumns = "project_id, id, version, kind, turn, code_hash, enabled"

// code is what the door's address says instead of the project: nobody guesses it, and a poster printed later says the same.
func (d Door) code(tx db.Tx) string {
	return web.Token(tx, "desk-door", d.Ref.Project.String(), d.Ref.ID.String(), strconv.FormatInt(d.Turn, 10))
}

func (d Door) path(tx db.Tx) string { return doorPath(d.code(tx)) }

func doorPath(code string) string { return "/door/" + code }

// digest is what the database keeps of a code, of a link and of a form's key.
func digest(what, s string) string {
	sum := sha256.Sum256([]byte(what + ":" + s))
	return hex.EncodeToString(sum[:])
}

func getDoor(ctx context.Context, tx db.Tx, id core.ID) (Door, error) {
	d, err := db.One(ctx, tx, (*Door).dest, "select "+doorColumns+" from desk_door where project_id = $1 and id = $2", core.ProjectOf(ctx).ID, id)
	return d.withRef(), err
}

func lockDoor(ctx context.Context, tx db.Tx, id core.ID) (Door, error) {
	d, err := db.One(ctx, tx, (*Door).dest, db.Locked(tx, "select "+doorColumns+" from desk_door where project_id = $1 and id = $2"), core.ProjectOf(ctx).ID, id)
	return d.withRef(), err
}

// doorBy finds the door that a code opens, in whatever project; KindNotFound for any that is not one of ours.
func doorBy(ctx context.Context, tx db.Tx, code string) (Door, error) {
	if !web.TokenLike(code) {
		return Door{}, noDoor()
	}
	d, ok, err := db.Maybe(ctx, tx, (*Door).dest, "select "+doorColumns+" from desk_door where code_hash = $1 and project_id > 0", digest("door", code))
	if err == nil && !ok {
		err = noDoor()
	}
	return d.withRef(), err
}

func noDoor() error {
	return &core.Err{Kind: core.KindNotFound, Text: core.T("这个链接无效或已经更换,请重新扫描张贴的二维码", "This link is not valid or was replaced; please scan the code on the notice again")}
}

// OpenDoor opens a project's door of a kind, with a code of its own; a project has one of each (KindConflict).
func OpenDoor(ctx context.Context, tx db.Tx, in DoorIn) (core.ID, error) {
	d := Door{Ref: doorKind.Ref(ctx, tx.NewID()), Kind: in.Kind, Turn: 1, Enabled: true}
	d.hash = digest("door", d.code(tx))
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_door where project_id = $1 and kind = $2", d.Ref.Project, d.Kind)
	if err == nil && n > 0 {
		err = core.Conflict("「%s」已经开设,可更换二维码或重新启用", "“%s” is there already: replace its code or switch it on again", core.Label(DoorKinds(), in.Kind))
	}
	if err == nil {
		err = db.InsertCells(ctx, tx, "desk_door", d.Ref, d.cells())
	}
	if err != nil {
		return 0, err
	}
	return d.Ref.ID, journal.Add(ctx, tx, d.Ref, "made", map[string]string{"kind": d.Kind})
}

// changeDoor changes a door and says in the journal how.
func changeDoor(ctx context.Context, tx db.Tx, id core.ID, verb string, can func(Door) error, change func(*Door), payload any) error {
	d, err := lockDoor(ctx, tx, id)
	if err == nil {
		err = can(d)
	}
	if err != nil {
		return err
	}
	change(&d)
	d.hash = digest("door", d.code(tx))
	if err := db.UpdateCells(ctx, tx, "desk_door", d.Ref, d.Version, d.cells()); err != nil {
		return err
	}
	return journal.Add(ctx, tx, d.Ref, verb, payload)
}

func anyDoor(Door) error { return nil }

func doorOn(d Door) error {
	if !d.Enabled {
		return register.Later("已经停用", "It is switched off")
	}
	return nil
}

func doorOff(d Door) error {
	if d.Enabled {
		return register.Later("正在使用", "It is in use")
	}
	return nil
}

// ReplaceCode gives a door a new code: whoever holds the old one, printed or passed on, finds it closed.
func ReplaceCode(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	return changeDoor(ctx, tx, id, "replaced", anyDoor, func(d *Door) { d.Turn++ }, map[string]string{"reason": in.Text})
}

// SwitchDoor switches a door off, with the reason, or on again.
func SwitchDoor(ctx context.Context, tx db.Tx, id core.ID, on bool, reason string) error {
	verb, can, payload := "on", doorOff, map[string]string(nil)
	if !on {
		verb, can, payload = "off", doorOn, map[string]string{"reason": reason}
	}
	return changeDoor(ctx, tx, id, verb, can, func(d *Door) { d.Enabled = on }, payload)
}

func checkedDoor(can func(Door) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		d, err := getDoor(ctx, tx, id)
		if err == nil {
			err = can(d)
		}
		return err
	}
}

func doors() register.Register[Door] {
	makers := []core.Role{core.Supervisor, core.Manager}
	kind := core.Field[Door]{Name: "kind", Label: core.T("入口", "Door"), Ptr: func(d *Door) any { return &d.Kind }, Choices: DoorKinds()}
	return register.Register[Door]{Kind: doorKind, Viewers: desks(), Columns: []string{"kind", "enabled"},
		Fields: []core.Field[Door]{kind, {Name: "enabled", Label: core.T("启用", "Enabled"), Ptr: func(d *Door) any { return &d.Enabled }}},
		ID:     func(d *Door) core.ID { return d.Ref.ID }, Version: func(d *Door) int64 { return d.Version }, Get: getDoor, Record: doorRecord,
		Find: func(ctx context.Context, tx db.Tx, _ register.Query) ([]Door, error) {
			return db.All(ctx, tx, (*Door).dest, "select "+doorColumns+" from desk_door where project_id = $1 order by id", core.ProjectOf(ctx).ID)
		},
		Verbs: []register.Verber{
			register.Verb[DoorIn]{Name: "new", New: true, Primary: true, Label: core.T("开设入口", "Open a door"), Roles: makers, Said: core.T("已开设,可打印二维码", "Opened; its code can be printed"),
				Fields: []core.Field[DoorIn]{core.Ask("kind", "入口", "Door", func(in *DoorIn) any { return &in.Kind }, core.Required, core.Radio[DoorIn](DoorKinds()))},
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in DoorIn) (core.ID, error) {
					return OpenDoor(ctx, tx, in)
				}},
			register.Verb[Note]{Name: "replace", Label: core.T("更换二维码", "Replace the code"), Roles: makers, Can: checkedDoor(anyDoor), Said: core.T("已更换,旧二维码不再有效", "Replaced; the old code opens nothing"),
				Why: core.T("旧的二维码和链接立即失效,张贴的要重新打印", "The old code and link stop at once; what is posted is to be printed again"), Fields: noteFields(core.T("理由", "Reason")), Do: register.Doing(ReplaceCode)},
			register.Verb[Note]{Name: "off", Label: core.T("停用", "Switch off"), Danger: true, Roles: makers, Can: checkedDoor(doorOn), Said: core.T("已停用", "Switched off"), Fields: noteFields(core.T("理由", "Reason")),
				Do: register.Doing(func(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
					return SwitchDoor(ctx, tx, id, false, in.Text)
				})},
			register.Verb[nothing]{Name: "on", Label: core.T("重新启用", "Switch on"), Primary: true, Roles: makers, Can: checkedDoor(doorOff), Said: core.T("已启用", "Switched on"),
				Do: register.Doing(func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) error {
					return SwitchDoor(ctx, tx, id, true, "")
				})},
		}}
}

func doorRecord(ctx context.Context, tx db.Tx, d Door) (register.Record, error) {
	pill := ui.PillView{Tone: ui.OK, Text: core.T("使用中", "In use")}
	if !d.Enabled {
		pill = ui.PillView{Tone: ui.None, Text: core.T("已停用", "Switched off")}
	}
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_message where project_id = $1 and door_id = $2 and day = $3", d.Ref.Project, d.Ref.ID, core.Today(ctx))
	p := ui.Pairs{Ctx: ctx}
	p.Add("链接", "Link", d.path(tx))
	p.Add("今天收到", "Received today", strconv.FormatInt(n, 10))
	links := []ui.Link{{Label: core.T("打印二维码海报", "Print the poster"), Href: doorKind.Href(ctx, d.Ref.ID, "poster.pdf")}, {Label: core.T("打开网页", "Open the page"), Href: d.path(tx)}}
	return register.Record{Head: ui.HeadView{Title: core.Label(DoorKinds(), d.Kind), Pills: []ui.PillView{pill}},
		Cards: []templ.Component{register.FieldsCard(core.T("入口", "Door"), p.Out), ui.Papers(core.T("海报与网页", "Poster and page"), links)}}, err
}

// posterPDF is the notice with the code, to be posted in the lobby or on the box, in both languages.
func posterPDF(ctx context.Context, tx db.Tx, r *web.Request) (web.Answer, error) {
	id, err := r.ID("id")
	if err != nil {
		return nil, err
	}
	d, err := getDoor(ctx, tx, id)
	if err == nil && !d.Enabled {
		err = core.Conflict("入口已停用,二维码无效", "The door is switched off; its code opens nothing")
	}
	if err != nil {
		return nil, err
	}
	base, err := r.Base(ctx, tx)
	if err != nil {
		return nil, err
	}
	code, err := print.Code(base + d.path(tx))
	if err != nil {
		return nil, err
	}
	p, err := project.Get(ctx, tx, d.Ref.Project)
	if err != nil {
		return nil, err
	}
	b, err := poster(ctx, d, p, code, base+d.path(tx)).Bytes()
	if b == nil {
		return nil, err
	}
	return web.Download{Name: "poster-" + d.Kind + ".pdf", Type: "application/pdf", Bytes: b, Inline: true}, nil
}

// posterSide is how large the code stands on the poster, in millimetres.
const posterSide = 120

func poster(ctx context.Context, d Door, p project.Project, code []byte, address string) *print.Doc {
	doc := print.New(print.A4, core.LangOf(ctx))
	name := core.Label(DoorKinds(), d.Kind)
	doc.Head(print.Head{Org: p.Name, Title: name.ZH + " " + name.EN})
	both := func(t core.Text) {
		doc.Line(t.ZH, print.Center)
		doc.Line(t.EN, print.Center)
		doc.Space(4)
	}
	what := core.T("扫码报修、投诉、咨询、建议、表扬,不用登录", "Scan to ask for a repair, complain, enquire, suggest or praise; no sign-in")
	if d.Kind == DoorBox {
		what = core.T("扫码写下您的意见,可以不留姓名", "Scan to tell us what you think; you need not give your name")
	}
	both(what)
	doc.Middle(code, posterSide)
	doc.Line(address, print.Center)
	doc.Space(4)
	both(core.T("提交后得到编号,随时看办理进度", "You get a number and can see at any time how it stands"))
	if p.Hotline != "" {
		both(core.T("紧急情况请打电话 %s", "In an emergency call %s", string(p.Hotline)))
	}
	return doc
}
