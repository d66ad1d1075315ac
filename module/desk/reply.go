package desk

import (
	"context"
	"time"

	"github.com/a-h/templ"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/journal"
	"huiyin/notify"
	"huiyin/register"
	"huiyin/regulation"
	"huiyin/web/ui"
)

// States of a public reply.
const (
	ReplyDraft    = "draft"    // 待审
	ReplyReturned = "returned" // 退回修改
	ReplyReviewed = "reviewed" // 审核通过,待发
	ReplySent     = "sent"     // 已发布
)

// Reply answers in public what stands in public: reviewed by somebody else before it is sent (C19.11).
type Reply struct {
	ID       core.ID
	Version  int64
	Matter   core.ID
	Number   string
	Outlet   string
	Source   string // where the opinion stands
	Text     string
	State    string
	WriterID core.ID
	Writer   string
	Reviewer string
	Reviewed time.Time
	Reason   string // why it was sent back
	Sent     time.Time
	SentBy   string
	SentLink string
}

func (r *Reply) dest() []any {
	return []any{&r.ID, &r.Version, &r.Matter, &r.Number, &r.Outlet, &r.Source, &r.Text, &r.State, &r.WriterID, &r.Writer, &r.Reviewer, &r.Reviewed, &r.Reason, &r.Sent, &r.SentBy, &r.SentLink}
}

const replySelect = `select id, version, matter_id, matter_number, outlet, source, reply, state, writer_id, writer, reviewer, reviewed_at, reason, sent_at, sent_by, sent_link from desk_reply where project_id = $1 `

var replyKind = register.Kind{Name: "reply", Plural: "replies", Label: core.T("公开回复", "Public replies"), Table: "desk_reply", Events: map[string]core.Text{"drafted": core.T("起草:{reply}", "drafted: {reply}"),
	"edited": core.T("修改:{reply}", "edited: {reply}"), "reviewed": core.T("审核通过", "reviewed it: may be sent"), "returned": core.T("退回修改:{reason}", "sent back: {reason}"), "sent": core.T("已发布 {link}", "sent {link}")}}

func replyStates() []core.Choice {
	return []core.Choice{{Value: ReplyDraft, Label: core.T("待审核", "To review")}, {Value: ReplyReturned, Label: core.T("退回修改", "Sent back")}, {Value: ReplyReviewed, Label: core.T("已审待发", "To be sent")}, {Value: ReplySent, Label: core.T("已发布", "Sent")}}
}

// Outlets are the public channels.
func Outlets() []core.Choice {
	return []core.Choice{{Value: "site", Label: core.T("网站", "Website")}, {Value: "forum", Label: core.T("论坛", "Forum")}, {Value: "account", Label: core.T("公众号", "Official account")}, {Value: "other", Label: core.T("其他平台", "Another platform")}}
}

func getReply(ctx context.Context, tx db.Tx, id core.ID) (Reply, error) {
	return db.One(ctx, tx, (*Reply).dest, replySelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func lockReply(ctx context.Context, tx db.Tx, id core.ID) (Reply, error) {
	return db.One(ctx, tx, (*Reply).dest, db.Locked(tx, replySelect+"and id = $2"), core.ProjectOf(ctx).ID, id)
}

func saveReply(ctx context.Context, tx db.Tx, r Reply, verb string, payload any) error {
	if err := db.ExecOne(ctx, tx, `update desk_reply set reply = $1, state = $2, writer_id = $3, writer = $4, reviewer = $5, reviewed_at = $6, reason = $7, sent_at = $8, sent_by = $9, sent_link = $10,
		version = version + 1, changed_at = $11, changed_by = $12 where project_id = $13 and id = $14 and version = $15`, r.Text, r.State, r.WriterID, r.Writer, r.Reviewer, r.Reviewed, r.Reason, r.Sent, r.SentBy, r.SentLink,
		core.Now(ctx), core.ActorOf(ctx).ID, core.ProjectOf(ctx).ID, r.ID, r.Version); err != nil {
		return err
	}
	return journal.Add(ctx, tx, replyKind.Ref(ctx, r.ID), verb, payload)
}

// A3.4: an opinion is looked into before it is answered.
func canDraft(ctx context.Context, tx db.Tx, m Matter) error {
	if err := running(m); err != nil {
		return err
	}
	if m.State == StateCarried || m.State == StateAnswered || m.Channel != Public {
		return core.Conflict("公开渠道上还没有答复的诉求才起草公开回复", "A public reply is drafted for what came in public and is not answered yet")
	}
	return regulation.Guard(ctx, tx, "A3.4", !m.Opinion() || m.Findings != "", core.T("意见要先调查了解,再答复", "An opinion is looked into before it is answered"))
}

// Draft writes a public reply to a matter, for review.
func Draft(ctx context.Context, tx db.Tx, matter core.ID, in Reply) (core.ID, error) {
	m, err := lock(ctx, tx, matter)
	if err == nil {
		err = canDraft(ctx, tx, m)
	}
	if err != nil {
		return 0, err
	}
	a := core.ActorOf(ctx)
	id := tx.NewID()
	if _, err := db.Exec(ctx, tx, `insert into desk_reply (project_id, id, created_at, created_by, changed_at, changed_by, matter_id, matter_number, outlet, source, reply, state, writer_id, writer)
		values ($1,$2,$3,$4,$3,$4,$5,$6,$7,$8,$9,'draft',$4,$10)`, m.Ref.Project, id, core.Now(ctx), a.ID, m.Ref.ID, m.Number, in.Outlet, in.Source, in.Text, a.Name); err != nil {
		return 0, err
	}
	msg := notify.Message{Ref: replyKind.Ref(ctx, id), URL: replyKind.Href(ctx, id), Title: core.T("公开回复待审核:%s", "A public reply is to be reviewed: %s", m.Number)}
	if err := notify.TellRole(ctx, tx, m.Ref.Project, core.Supervisor, msg); err != nil {
		return 0, err
	}
	if err := journal.Add(ctx, tx, m.Ref, "drafted", nil); err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, replyKind.Ref(ctx, id), "drafted", map[string]string{"reply": in.Text})
}

// C19.11: not by the writer himself.
func canReview(ctx context.Context, tx db.Tx, r Reply) error {
	if r.State != ReplyDraft {
		return core.Conflict("没有待审核的内容", "Nothing waits to be reviewed")
	}
	return regulation.Guard(ctx, tx, "C19.11", r.WriterID == 0 || core.ActorOf(ctx).ID != r.WriterID, core.T("回复先审后发,不能由拟稿人自己审核", "A reply is reviewed before it is sent, and not by its writer"))
}

// Review lets a reply be sent.
func Review(ctx context.Context, tx db.Tx, id core.ID) error {
	r, err := lockReply(ctx, tx, id)
	if err == nil {
		err = canReview(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	r.State, r.Reviewer, r.Reviewed, r.Reason = ReplyReviewed, core.ActorOf(ctx).Name, core.Now(ctx), ""
	return saveReply(ctx, tx, r, "reviewed", nil)
}

// Return sends a reply back to its writer with the reason.
func Return(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	r, err := lockReply(ctx, tx, id)
	if err == nil {
		err = canReview(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	r.State, r.Reason = ReplyReturned, in.Text
	return saveReply(ctx, tx, r, "returned", map[string]string{"reason": in.Text})
}

func canRewrite(_ context.Context, _ db.Tx, r Reply) error {
	if r.State == ReplySent {
		return core.Conflict("已经发布", "It is sent already")
	}
	return nil
}

// Rewrite changes the text; it has to be reviewed anew, whoever reviewed it before.
func Rewrite(ctx context.Context, tx db.Tx, id core.ID, in Note) error {
	r, err := lockReply(ctx, tx, id)
	if err == nil {
		err = canRewrite(ctx, tx, r)
	}
	if err != nil {
		return err
	}
	a := core.ActorOf(ctx)
	r.Text, r.State, r.WriterID, r.Writer, r.Reviewer, r.Reviewed = in.Text, ReplyDraft, a.ID, a.Name, "", time.Time{}
	return saveReply(ctx, tx, r, "edited", map[string]string{"reply": in.Text})
}

// Sending marks by hand that the reply stands in public: where, or a picture of it.
type Sending struct {
	Link  string
	Shots []core.Upload
}

// C19.11: only what was reviewed is sent.
func canSend(ctx context.Context, tx db.Tx, r Reply) error {
	if r.State == ReplySent {
		return core.Conflict("已经发布", "It is sent already")
	}
	return regulation.Guard(ctx, tx, "C19.11", r.State == ReplyReviewed, core.T("回复先审后发:还没有审核通过", "A reply is reviewed before it is sent; this one is not yet"))
}

// Send notes that a reviewed reply was sent, and answers the matter with it.
func Send(ctx context.Context, tx db.Tx, id core.ID, in Sending) error {
	r, err := lockReply(ctx, tx, id)
	if err == nil {
		err = canSend(ctx, tx, r)
	}
	if err == nil && in.Link == "" && len(in.Shots) == 0 {
		err = core.Invalid("link", "请填写发布后的链接,或附上截图", "Give the link where it stands, or a picture of it")
	}
	if err != nil {
		return err
	}
	for _, up := range in.Shots {
		if _, err := file.Attach(ctx, tx, replyKind.Ref(ctx, id), file.Evidence, up); err != nil {
			return err
		}
	}
	r.State, r.Sent, r.SentBy, r.SentLink = ReplySent, core.Now(ctx), core.ActorOf(ctx).Name, in.Link
	if err := saveReply(ctx, tx, r, "sent", map[string]string{"link": in.Link}); err != nil {
		return err
	}
	m, err := lock(ctx, tx, r.Matter)
	if err != nil || !m.Open || m.State == StateCarried || m.State == StateAnswered {
		return err
	}
	if err := canAnswer(ctx, tx, m); err != nil {
		return err
	}
	return answer(ctx, tx, m, r.Text)
}

// sentReply says whether a matter was answered by a reviewed reply.
func sentReply(ctx context.Context, tx db.Tx, m Matter) (bool, error) {
	n, err := db.Value[int64](ctx, tx, "select count(*) from desk_reply where project_id = $1 and matter_id = $2 and state = 'sent'", m.Ref.Project, m.Ref.ID)
	return n > 0, err
}

func checkedReply(verb string, check func(context.Context, db.Tx, Reply) error) func(context.Context, db.Tx, core.ID) error {
	return func(ctx context.Context, tx db.Tx, id core.ID) error {
		r, err := getReply(ctx, tx, id)
		if err == nil {
			err = check(ctx, tx, r)
		}
		if !tx.Writing() && core.IsKind(err, core.KindConflict) {
			return core.Forbidden("reply." + verb)
		}
		return err
	}
}

func draftVerb() register.Verber {
	return register.Verb[Reply]{Name: "draft", Label: core.T("起草公开回复", "Draft a public reply"), Roles: desks(), Clause: "C19.11", Can: checked("draft", canDraft), Fields: []core.Field[Reply]{
		{Name: "outlet", Label: core.T("渠道", "Channel"), Ptr: func(r *Reply) any { return &r.Outlet }, Kind: core.KindRadio, Choices: Outlets(), Required: true},
		{Name: "source", Label: core.T("原帖或留言的链接", "Where it stands"), Ptr: func(r *Reply) any { return &r.Source }, Max: 500},
		{Name: "reply", Label: core.T("回复内容", "Reply"), Ptr: func(r *Reply) any { return &r.Text }, Kind: core.KindLines, Required: true, Min: 2, Max: 4000}},
		Do:   Draft,
		Next: func(ctx context.Context, id core.ID) string { return replyKind.Href(ctx, id) }}
}

func replyVerbs() []register.Verber {
	reviewers := []core.Role{core.Supervisor, core.Manager, core.GM}
	return []register.Verber{
		register.Verb[nothing]{Name: "review", Label: core.T("审核通过", "Approve"), Roles: append(reviewers, core.Desk), Primary: true, Clause: "C19.11", Can: checkedReply("review", canReview),
			Do: func(ctx context.Context, tx db.Tx, id core.ID, _ nothing) (core.ID, error) {
				return id, Review(ctx, tx, id)
			}},
		register.Verb[Note]{Name: "return", Label: core.T("退回修改", "Send back"), Roles: append(reviewers, core.Desk), Clause: "C19.11", Can: checkedReply("return", canReview), Do: register.Doing(Return), Fields: noteFields(core.T("怎样修改", "What to change"))},
		register.Verb[Note]{Name: "edit", Label: core.T("修改", "Edit"), Roles: desks(), Can: checkedReply("edit", canRewrite), Do: register.Doing(Rewrite), Fields: noteFields(core.T("回复内容", "Reply")),
			Fill: func(ctx context.Context, tx db.Tx, id core.ID, n *Note) error {
				r, err := getReply(ctx, tx, id)
				n.Text = r.Text
				return err
			}},
		register.Verb[Sending]{Name: "send", Label: core.T("已发布", "Sent"), Roles: desks(), Clause: "C19.11", Can: checkedReply("send", canSend), Do: register.Doing(Send), Fields: []core.Field[Sending]{
			{Name: "link", Label: core.T("发布后的链接", "Where it stands now"), Ptr: func(s *Sending) any { return &s.Link }, Max: 500},
			{Name: "shots", Label: core.T("截图", "Screenshots"), Ptr: func(s *Sending) any { return &s.Shots }, Kind: core.KindPhoto, Max: 10}}},
	}
}

func replies() register.Register[Reply] {
	f := func(name, zh, en string, ptr func(*Reply) any) core.Field[Reply] {
		return core.Field[Reply]{Name: name, Label: core.T(zh, en), Ptr: ptr}
	}
	outlet, state := f("outlet", "渠道", "Channel", func(r *Reply) any { return &r.Outlet }), f("state", "状态", "State", func(r *Reply) any { return &r.State })
	outlet.Choices, state.Choices = Outlets(), replyStates()
	return register.Register[Reply]{Kind: replyKind, Viewers: readers(), Columns: []string{"number", "outlet", "reply", "state", "writer", "reviewer", "sent_at"},
		Fields: []core.Field[Reply]{f("number", "诉求", "Request", func(r *Reply) any { return &r.Number }), outlet, f("reply", "回复", "Reply", func(r *Reply) any { return &r.Text }), state, f("source", "原帖", "Where it stands", func(r *Reply) any { return &r.Source }),
			f("writer", "拟稿", "Written by", func(r *Reply) any { return &r.Writer }), f("reviewer", "审核", "Reviewed by", func(r *Reply) any { return &r.Reviewer }), f("reviewed_at", "审核时间", "Reviewed", func(r *Reply) any { return &r.Reviewed }),
			f("reason", "退回理由", "Why sent back", func(r *Reply) any { return &r.Reason }), f("sent_at", "发布时间", "Sent", func(r *Reply) any { return &r.Sent }), f("sent_by", "发布人", "Sent by", func(r *Reply) any { return &r.SentBy }), f("sent_link", "发布链接", "Link", func(r *Reply) any { return &r.SentLink })},
		Filters: []register.Filter{{Name: "state", Label: core.T("状态", "State"), Kind: core.KindChoice, Choices: replyStates()}},
		ID:      func(r *Reply) core.ID { return r.ID }, Version: func(r *Reply) int64 { return r.Version }, Cursor: func(r *Reply) string { return pageKey(r.ID, r.ID) }, Get: getReply, Verbs: replyVerbs(),
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Reply, error) {
			if s := q.Filter["state"]; s != "" {
				return newest(ctx, tx, (*Reply).dest, replySelect, "id", q, "and state = $2", s)
			}
			return newest(ctx, tx, (*Reply).dest, replySelect, "id", q, "")
		}}
}

// replyPanel shows the public replies to a matter on its page.
func replyPanel() register.Panel {
	return register.Panel{On: "desk", Perm: "reply.view", Order: 65, Body: func(ctx context.Context, tx db.Tx, ref core.Ref) (templ.Component, error) {
		rs, err := db.All(ctx, tx, (*Reply).dest, replySelect+"and matter_id = $2 order by id", ref.Project, ref.ID)
		if err != nil || len(rs) == 0 {
			return nil, err
		}
		t := ui.TableView{Caption: replyKind.Label, Columns: []ui.Column{{Label: core.T("回复", "Reply")}, {Label: core.T("渠道", "Channel")}, {Label: core.T("状态", "State")}, {Label: core.T("拟稿", "Written by")}, {Label: core.T("审核", "Reviewed by")}}}
		for _, r := range rs {
			t.Rows = append(t.Rows, ui.Row{Cells: []ui.Cell{{Text: short(r.Text), Href: replyKind.Href(ctx, r.ID)}, {Text: core.Label(Outlets(), r.Outlet).Say(ctx)}, {Text: core.Label(replyStates(), r.State).Say(ctx)}, {Text: r.Writer}, {Text: r.Reviewer}}})
		}
		return ui.TableCard(replyKind.Label, t), nil
	}}
}
