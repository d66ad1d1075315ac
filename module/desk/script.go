package desk

import (
	"context"
	"time"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
	"huiyin/web/ui"
)

// Script is what an operator says on an occasion (话术), while it is in force: shown beside the intake form.
type Script struct {
	ID       core.ID
	Version  int64
	Title    string
	Occasion string // when it is said: 停电, 台风 …
	Say      string
	From     time.Time
	To       time.Time // zero: until it is ended
	Writer   string
}

func (s *Script) dest() []any {
	return []any{&s.ID, &s.Version, &s.Title, &s.Occasion, &s.Say, &s.From, &s.To, &s.Writer}
}

const scriptSelect = "select id, version, title, occasion, say, from_at, to_at, writer from desk_script where project_id = $1 "

var scriptKind = register.Kind{Name: "script", Plural: "scripts", Label: core.T("话术", "Scripts"), Table: "desk_script",
	Events: map[string]core.Text{"written": core.T("写了话术「{title}」", "wrote the script {title}"), "edited": core.T("修改「{title}」", "edited {title}"), "ended": core.T("停用", "ended it")}}

// inForce says whether the script is to be said at a time.
func (s Script) inForce(at time.Time) bool {
	return !s.From.After(at) && (s.To.IsZero() || s.To.After(at))
}

// ScriptsNow are the scripts in force, the newest first.
func ScriptsNow(ctx context.Context, tx db.Tx) ([]Script, error) {
	p, now := core.ProjectOf(ctx).ID, core.Now(ctx)
	all, err := db.Cached(tx, scriptsKey{p}, []string{"desk_script"}, func() ([]Script, error) {
		return db.All(ctx, tx, (*Script).dest, scriptSelect+"and (to_at is null or to_at > $2) order by from_at desc, id desc limit 50", p, now)
	})
	var out []Script
	for _, s := range all {
		if s.inForce(now) {
			out = append(out, s)
		}
	}
	return out, err
}

type scriptsKey struct{ project core.ID }

// WriteScript stores a script; id 0 makes a new one.
func WriteScript(ctx context.Context, tx db.Tx, id core.ID, in Script) (core.ID, error) {
	p, now := core.ProjectOf(ctx), core.Now(ctx)
	if !in.To.IsZero() && !in.To.After(in.From) {
		return 0, core.Invalid("to", "结束要晚于开始", "The end must be later than the beginning")
	}
	if id != 0 {
		if err := db.ExecOne(ctx, tx, `update desk_script set title = $1, occasion = $2, say = $3, from_at = $4, to_at = $5, version = version + 1, changed_at = $6, changed_by = $7
			where project_id = $8 and id = $9`, in.Title, in.Occasion, in.Say, in.From, in.To, now, core.ActorOf(ctx).ID, p.ID, id); err != nil {
			return 0, err
		}
		return id, journal.Add(ctx, tx, scriptKind.Ref(ctx, id), "edited", map[string]any{"title": in.Title, "say": in.Say})
	}
	id = tx.NewID()
	if _, err := db.Exec(ctx, tx, `insert into desk_script (project_id, id, created_at, created_by, changed_at, changed_by, title, occasion, say, from_at, to_at, writer) values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,$10)`,
		p.ID, id, now, core.ActorOf(ctx).ID, in.Title, in.Occasion, in.Say, in.From, in.To, core.ActorOf(ctx).Name); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, scriptKind.Ref(ctx, id), "written", map[string]any{"title": in.Title, "say": in.Say})
}

// EndScript takes a script out of force now.
func EndScript(ctx context.Context, tx db.Tx, id core.ID) error {
	s, err := getScript(ctx, tx, id)
	if err == nil {
		err = canEndScript(ctx, s)
	}
	if err != nil {
		return err
	}
	if err := db.ExecOne(ctx, tx, "update desk_script set to_at = $1, version = version + 1, changed_at = $1, changed_by = $2 where project_id = $3 and id = $4", core.Now(ctx), core.ActorOf(ctx).ID,
		core.ProjectOf(ctx).ID, id); err != nil {
		return err
	}
	return journal.Add(ctx, tx, scriptKind.Ref(ctx, id), "ended", nil)
}

func canEndScript(ctx context.Context, s Script) error {
	if !s.To.IsZero() && !s.To.After(core.Now(ctx)) {
		return core.Conflict("已经停用", "It has ended already")
	}
	return nil
}

func getScript(ctx context.Context, tx db.Tx, id core.ID) (Script, error) {
	return db.One(ctx, tx, (*Script).dest, scriptSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func scriptFields() []core.Field[Script] {
	return []core.Field[Script]{
		{Name: "title", Label: core.T("标题", "Title"), Ptr: func(s *Script) any { return &s.Title }, Required: true, Max: 80},
		{Name: "occasion", Label: core.T("什么时候说", "When it is said"), Ptr: func(s *Script) any { return &s.Occasion }, Required: true, Max: 200},
		{Name: "say", Label: core.T("怎么说", "What to say"), Ptr: func(s *Script) any { return &s.Say }, Kind: core.KindLines, Required: true, Max: 4000},
		{Name: "from", Label: core.T("开始", "From"), Ptr: func(s *Script) any { return &s.From }, Required: true},
		{Name: "to", Label: core.T("结束", "Until"), Hint: core.T("不填一直有效", "Empty: until it is ended"), Ptr: func(s *Script) any { return &s.To }},
	}
}

func scripts() register.Register[Script] {
	heads := []core.Role{core.Supervisor, core.Manager}
	return register.Register[Script]{Kind: scriptKind, Viewers: readers(), Fields: append(scriptFields(), core.Field[Script]{Name: "writer", Label: core.T("拟稿人", "Written by"), Ptr: func(s *Script) any { return &s.Writer }}),
		Columns: []string{"title", "occasion", "from", "to"}, ID: func(s *Script) core.ID { return s.ID }, Version: func(s *Script) int64 { return s.Version }, Cursor: func(s *Script) string { return pageKey(s.From, s.ID) }, Get: getScript,
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Script, error) {
			return newest(ctx, tx, (*Script).dest, scriptSelect, "from_at", q, "")
		},
		Row: func(ctx context.Context, s *Script) ui.Row {
			state := ui.Pill(ui.None, core.T("未生效或已停用", "Not in force"))
			if s.inForce(core.Now(ctx)) {
				state = ui.Pill(ui.OK, core.T("生效中", "In force"))
			}
			until := ui.Cell{Text: core.T("一直", "open").Say(ctx)}
			if !s.To.IsZero() {
				until = ui.Cell{Text: ui.When(ctx, s.To)}
			}
			return ui.Row{Cells: []ui.Cell{{Text: s.Title, Href: scriptKind.Href(ctx, s.ID)}, {Text: s.Occasion}, {Text: ui.When(ctx, s.From)}, until, {Body: state}}}
		},
		Verbs: []register.Verber{
			register.Verb[Script]{Name: "new", New: true, Primary: true, Label: core.T("写话术", "Write a script"), Roles: heads, Fields: scriptFields(),
				Fill: func(ctx context.Context, _ db.Tx, _ core.ID, s *Script) error { s.From = core.Now(ctx); return nil },
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Script) (core.ID, error) {
					return WriteScript(ctx, tx, 0, in)
				}},
			register.Verb[Script]{Name: "edit", Label: core.T("修改", "Edit"), Roles: heads, Fields: scriptFields(), Do: WriteScript,
				Fill: func(ctx context.Context, tx db.Tx, id core.ID, s *Script) (err error) {
					*s, err = getScript(ctx, tx, id)
					return err
				}},
			register.Verb[nothing]{Name: "end", Label: core.T("停用", "End"), Roles: heads,
				Can: func(ctx context.Context, tx db.Tx, id core.ID) error {
					s, err := getScript(ctx, tx, id)
					if err == nil {
						err = canEndScript(ctx, s)
					}
					return err
				},
				Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
					return id, EndScript(ctx, tx, id)
				}}}}
}
