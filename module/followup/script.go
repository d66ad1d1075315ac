package followup

import (
	"context"

	"huiyin/core"
	"huiyin/db"
	"huiyin/journal"
	"huiyin/register"
)

// Script is what to ask on an occasion (回访话术).
type Script struct {
	ID       core.ID
	Version  int64
	Occasion string
	Say      string
	Writer   string
}

func (s *Script) dest() []any { return []any{&s.ID, &s.Version, &s.Occasion, &s.Say, &s.Writer} }

const scriptSelect = "select id, version, occasion, say, writer from followup_script where project_id = $1 "

var scriptKind = register.Kind{Name: "followup-script", Plural: "followup-scripts", Label: core.T("回访话术", "Follow-up scripts"), Table: "followup_script",
	Choices: map[string][]core.Choice{"occasion": Occasions()}, Events: map[string]core.Text{"written": core.T("改写「{occasion}」的话术", "rewrote the script for {occasion}")}}

// customary is what to ask where the firm has written nothing.
func customary(occasion string) core.Text {
	switch occasion {
	case Complaint:
		return core.T("1 您反映的问题现在解决了吗?\n2 处理的时间和办法您满意吗?\n3 处理的同事态度怎样?\n4 还有什么意见和要求?", "1 Has the matter you raised been solved?\n2 Are you satisfied with how and how soon?\n3 How did our colleagues treat you?\n4 Is there anything else you ask of us?")
	case Repair:
		return core.T("1 修好以后用得正常吗?\n2 师傅按约定时间到了吗?态度怎样?\n3 现场清理干净了吗?有没有多收费用?\n4 还有什么意见和要求?", "1 Does it work well since the repair?\n2 Did the technician come as agreed, and how did he treat you?\n3 Was the place left clean, and nothing charged beyond the price list?\n4 Is there anything else you ask of us?")
	case MoveIn:
		return core.T("1 搬进来一切顺利吗?\n2 水电、空调、门禁、网络都正常吗?\n3 知道报修和咨询打哪个电话吗?\n4 还需要我们帮什么忙?", "1 Did the move go well?\n2 Do water, power, air conditioning, access and network work?\n3 Do you know which number to call?\n4 What else can we do for you?")
	case Emergency:
		return core.T("1 现场恢复正常了吗?有没有人员或财物损失?\n2 我们到得及时吗?处理得怎样?\n3 还担心什么?还有什么意见和要求?", "1 Is everything back to normal, and was anybody or anything harmed?\n2 Did we come in time, and act well?\n3 What still worries you, and what do you ask of us?")
	case Activity:
		return core.T("1 这次活动您觉得怎样?\n2 时间、内容、组织哪里可以更好?\n3 希望以后办什么活动?", "1 How did you like the activity?\n2 What about time, content and organisation could be better?\n3 What would you like next?")
	}
	return core.T("1 事情办得怎样?\n2 您满意吗?\n3 还有什么意见和要求?", "1 How did it go?\n2 Are you satisfied?\n3 Is there anything else you ask of us?")
}

// ScriptFor is what to ask on an occasion: the project's own words, or the customary ones.
func ScriptFor(ctx context.Context, tx db.Tx, occasion string) (string, error) {
	s, ok, err := db.Maybe(ctx, tx, (*Script).dest, scriptSelect+"and occasion = $2", core.ProjectOf(ctx).ID, occasion)
	if ok || err != nil {
		return s.Say, err
	}
	return customary(occasion).Say(ctx), nil
}

// WriteScript keeps the project's words for an occasion.
func WriteScript(ctx context.Context, tx db.Tx, in Script) (core.ID, error) {
	p, now, a := core.ProjectOf(ctx).ID, core.Now(ctx), core.ActorOf(ctx)
	id, err := db.Value[core.ID](ctx, tx, `insert into followup_script (project_id, id, created_at, created_by, changed_at, changed_by, occasion, say, writer) values ($1,$2,$3,$4,$3,$4,$5,$6,$7)
		on conflict (project_id, occasion) do update set say = excluded.say, writer = excluded.writer, changed_at = excluded.changed_at, changed_by = excluded.changed_by, version = followup_script.version + 1 returning id`,
		p, tx.NewID(), now, a.ID, in.Occasion, in.Say, a.Name)
	if err != nil {
		return 0, err
	}
	return id, journal.Add(ctx, tx, scriptKind.Ref(ctx, id), "written", map[string]string{"occasion": in.Occasion})
}

func getScript(ctx context.Context, tx db.Tx, id core.ID) (Script, error) {
	return db.One(ctx, tx, (*Script).dest, scriptSelect+"and id = $2", core.ProjectOf(ctx).ID, id)
}

func scriptFields() []core.Field[Script] {
	return []core.Field[Script]{{Name: "occasion", Label: core.T("事由", "Occasion"), Ptr: func(s *Script) any { return &s.Occasion }, Choices: Occasions(), Required: true},
		{Name: "say", Label: core.T("问什么", "What to ask"), Ptr: func(s *Script) any { return &s.Say }, Kind: core.KindLines, Required: true, Max: 4000}}
}

func scripts() register.Register[Script] {
	return register.Register[Script]{Kind: scriptKind, Viewers: readers(), Columns: []string{"occasion", "say", "writer"},
		Fields: append(scriptFields(), core.Field[Script]{Name: "writer", Label: core.T("拟稿人", "Written by"), Ptr: func(s *Script) any { return &s.Writer }}),
		ID:     func(s *Script) core.ID { return s.ID }, Version: func(s *Script) int64 { return s.Version }, Get: getScript,
		Find: func(ctx context.Context, tx db.Tx, q register.Query) ([]Script, error) {
			return db.All(ctx, tx, (*Script).dest, scriptSelect+"order by occasion limit $2", core.ProjectOf(ctx).ID, q.Limit)
		},
		Verbs: []register.Verber{
			register.Verb[Script]{Name: "new", New: true, Primary: true, Label: core.T("写话术", "Write a script"), Roles: planners(), Fields: scriptFields(),
				Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Script) (core.ID, error) {
					return WriteScript(ctx, tx, in)
				}},
			register.Verb[Script]{Name: "edit", Label: core.T("修改", "Edit"), Roles: planners(), Fields: scriptFields(), Fill: func(ctx context.Context, tx db.Tx, id core.ID, s *Script) (err error) {
				*s, err = getScript(ctx, tx, id)
				return err
			}, Do: func(ctx context.Context, tx db.Tx, _ core.ID, in Script) (core.ID, error) {
				return WriteScript(ctx, tx, in)
			}}}}
}
