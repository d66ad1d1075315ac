package report

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
	"huiyin/house"
	"huiyin/print"
	"huiyin/sheet"
	"huiyin/web/ui"
)

const (
	typePDF  = "application/pdf"
	typeXLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
)

// written is a value as text in both languages.
func written(as string, v int64) string {
	switch {
	case v == house.NoValue && (as == house.AsRate || as == house.AsScore):
		return "—"
	case as == house.AsRate:
		return core.Rate(v).String()
	case as == house.AsMoney:
		return core.Money(v).String()
	case as == house.AsScore:
		return fmt.Sprintf("%d.%02d", v/100, v%100)
	}
	return fmt.Sprint(v)
}

// change says what became of a value since the period before: +3, −2, or the difference of rates in points.
func change(as string, now int64, then *int64) string {
	if then == nil || now == house.NoValue && as != house.AsCount || *then == house.NoValue && as != house.AsCount {
		return "—"
	}
	d := now - *then
	sign := "+"
	if d < 0 {
		sign, d = "−", -d
	}
	if d == 0 {
		return "0"
	}
	return sign + written(as, d)
}

// rows are the lines of a table as texts, in the language of the context.
func rows(ctx context.Context, t house.Table) [][]string {
	out := make([][]string, len(t.Lines))
	for i, l := range t.Lines {
		out[i] = []string{l.Name.Say(ctx)}
		for j, v := range l.Values {
			as := ""
			if j < len(t.Columns) {
				as = t.Columns[j].As
			}
			out[i] = append(out[i], written(as, v))
		}
		if compares(t) {
			then := "—"
			if l.Before != nil {
				then = written(t.Columns[0].As, *l.Before)
			}
			out[i] = append(out[i], then)
		}
	}
	return out
}

// compares says whether any line of a table knows the period before.
func compares(t house.Table) bool {
	for _, l := range t.Lines {
		if l.Before != nil && len(t.Columns) > 0 {
			return true
		}
	}
	return false
}

// heads are the table's column heads.
func heads(t house.Table) []core.Text {
	out := []core.Text{t.By}
	for _, c := range t.Columns {
		out = append(out, c.Name)
	}
	if compares(t) {
		out = append(out, core.T("上期%s", "%s before", t.Columns[0].Name))
	}
	return out
}

// texts are what a person wrote into an issue, with their headings, in order.
func (i Issue) texts() [][2]core.Text {
	var out [][2]core.Text
	add := func(zh, en, text string) {
		if text != "" {
			out = append(out, [2]core.Text{core.T(zh, en), {ZH: text, EN: text}})
		}
	}
	if i.Kind != Operations {
		add("结论", "Conclusions", i.Conclusion)
	} else {
		add("致客户", "To our customers", i.Conclusion)
	}
	add("下期安排", "What comes next", i.Plan)
	add("批示", "Remark", i.Remark)
	return out
}

// said is what a person wrote to one section of an operations report.
func (i Issue) said(section string) string {
	return map[string]string{"facility": i.Facility, "environment": i.Environment, "safety": i.Safety}[section]
}

// pdf is the report on paper.
func pdf(ctx context.Context, i Issue) ([]byte, error) {
	d := print.New(print.A4, core.LangOf(ctx))
	s, _ := sortOf(i.Kind)
	d.Head(print.Head{Org: core.ProjectOf(ctx).Name, Title: s.label.Say(ctx), Number: i.Number})
	d.Grid([]print.Pair{{Key: core.T("期间", "Period").Say(ctx), Value: string(i.From) + " – " + string(i.To)}, {Key: core.T("统计时间", "Counted at").Say(ctx), Value: i.At.In(core.ProjectOf(ctx).Zone).Format("2006-01-02 15:04")}})
	for _, sec := range i.Sections {
		d.Heading(sec.Title.Say(ctx))
		if text := i.said(sec.Key); text != "" {
			d.Para(text)
		}
		printSection(ctx, d, sec)
	}
	for _, t := range i.texts() {
		d.Heading(t[0].Say(ctx))
		d.Para(t[1].Say(ctx))
	}
	if i.Kind != Operations {
		d.Signs(print.Sign{Label: core.T("编制", "Composed by").Say(ctx), Name: i.Submitter}, print.Sign{Label: core.T("批示", "Seen by").Say(ctx), Name: i.RemarkedBy})
	}
	b, err := d.Bytes()
	if b == nil {
		return nil, err
	}
	return b, nil
}

func printSection(ctx context.Context, d *print.Doc, sec house.Section) {
	if len(sec.Figures) > 0 {
		cols := []print.Column{{Title: core.T("项目", "Item").Say(ctx), Width: 3}, {Title: core.T("本期", "Now").Say(ctx), Width: 1, Align: print.Right}, {Title: core.T("上期", "Before").Say(ctx), Width: 1, Align: print.Right}, {Title: core.T("变化", "Change").Say(ctx), Width: 1, Align: print.Right}}
		var lines [][]string
		for _, f := range sec.Figures {
			then := "—"
			if f.Before != nil {
				then = written(f.As, *f.Before)
			}
			lines = append(lines, []string{f.Name.Say(ctx), written(f.As, f.Value), then, change(f.As, f.Value, f.Before)})
		}
		d.Table(cols, lines)
	}
	for _, n := range sec.Notes {
		d.Para("· " + n.Say(ctx))
	}
	for _, t := range sec.Tables {
		if len(t.Lines) == 0 {
			continue
		}
		if c := chartOf(ctx, t, ""); c != nil {
			house.Draw(ctx, d, *c)
		} else {
			d.Para(t.Title.Say(ctx))
		}
		var cols []print.Column
		for i, h := range heads(t) {
			c := print.Column{Title: h.Say(ctx), Width: 1, Align: print.Right}
			if i == 0 {
				c.Width, c.Align = 2, print.Left
			}
			cols = append(cols, c)
		}
		d.Table(cols, rows(ctx, t))
	}
}

// xlsx is the report as a workbook: one sheet of figures, one for each section's tables.
func xlsx(ctx context.Context, i Issue) ([]byte, error) {
	e, err := sheet.NewExport(core.LangOf(ctx))
	if err != nil {
		return nil, err
	}
	title := core.ProjectOf(ctx).Name + " " + i.Title().Say(ctx)
	err = e.Sheet(core.T("指标", "Figures").Say(ctx), []sheet.OutColumn{{Label: core.T("部分", "Section"), Width: 22}, {Label: core.T("项目", "Item"), Width: 30}, {Label: core.T("本期", "Now")}, {Label: core.T("上期", "Before")}}, title)
	for _, s := range i.Sections {
		for _, f := range s.Figures {
			if err == nil {
				err = e.Row(s.Title.Say(ctx), f.Name.Say(ctx), cellOf(f.As, &f.Value), cellOf(f.As, f.Before))
			}
		}
	}
	for n, s := range i.Sections {
		for k, t := range s.Tables {
			var cols []sheet.OutColumn
			for _, h := range heads(t) {
				cols = append(cols, sheet.OutColumn{Label: h, Width: 16})
			}
			if err == nil {
				err = e.Sheet(fmt.Sprintf("%d.%d %s", n+1, k+1, t.Title.Say(ctx)), cols)
			}
			for _, l := range t.Lines {
				if err == nil {
					err = e.Row(cells(ctx, t, l)...)
				}
			}
			if c := charted(t); err == nil && len(c) > 0 {
				err = e.Chart(ui.ChartKind(t.Chart), t.Title, 0, c...)
			}
		}
	}
	var b bytes.Buffer
	if err == nil {
		_, err = e.WriteTo(&b)
	}
	return b.Bytes(), err
}

func cells(ctx context.Context, t house.Table, l house.Line) []any {
	out := []any{l.Name.Say(ctx)}
	for i, v := range l.Values {
		as := ""
		if i < len(t.Columns) {
			as = t.Columns[i].As
		}
		out = append(out, cellOf(as, &v))
	}
	if compares(t) {
		out = append(out, cellOf(t.Columns[0].As, l.Before))
	}
	return out
}

// cellOf is a value as a workbook counts with it.
func cellOf(as string, v *int64) any {
	switch {
	case v == nil, *v == house.NoValue && (as == house.AsRate || as == house.AsScore):
		return nil
	case as == house.AsRate:
		return core.Rate(*v)
	case as == house.AsMoney:
		return core.Money(*v)
	case as == house.AsScore:
		return float64(*v) / 100
	}
	return *v
}

// papersOf are the report's files in a language, in the formats "pdf" and "xlsx": made once, when somebody first needs
// them, and kept as they went out.
func papersOf(ctx context.Context, tx db.Tx, i Issue, lang core.Lang, formats ...string) ([]core.ID, error) {
	have, err := file.List(ctx, tx, i.Ref)
	if err != nil {
		return nil, err
	}
	ctx = core.WithLang(ctx, lang)
	var out []core.ID
	for _, format := range formats {
		role := format + "-" + string(lang)
		var id core.ID
		for _, f := range have {
			if f.Role == role {
				id = f.ID
			}
		}
		if id == 0 {
			if id, err = makePaper(ctx, tx, i, role, format); err != nil {
				return nil, err
			}
		}
		out = append(out, id)
	}
	return out, nil
}

func makePaper(ctx context.Context, tx db.Tx, i Issue, role, format string) (core.ID, error) {
	make, kind := pdf, typePDF
	if format == "xlsx" {
		make, kind = xlsx, typeXLSX
	}
	b, err := make(ctx, i)
	if err != nil {
		return 0, err
	}
	sum := sha256.Sum256(b)
	up := core.Upload{Name: fileName(ctx, i, format), Type: kind, Size: int64(len(b)), SHA256: hex.EncodeToString(sum[:]), Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }}
	f, err := file.Attach(ctx, tx, i.Ref, role, up)
	return f.ID, err
}

func fileName(ctx context.Context, i Issue, format string) string {
	return i.Number + " " + i.Title().Say(ctx) + "." + format
}
