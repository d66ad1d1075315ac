package compliance

import (
	"fmt"
	"slices"
	"strings"

	"huiyin/core"
	"huiyin/house"
	"huiyin/regulation"
)

// ClausesDoc writes docs/clauses.md: for every clause of the catalogue its area, how the code carries it out, in which
// file, by which tests it is proved, and its state. testNames are the tests by clause id.
func ClausesDoc(l *house.Lists, testNames map[string][]string) string {
	var b strings.Builder
	b.WriteString("# Clauses 条款\n\nGenerated from the modules' claims; do not edit. 由各模块的声明生成,请勿手改。\n\n")
	done, total := 0, 0
	for _, c := range regulation.Default().All() {
		total++
		if len(l.Claims[c.ID]) > 0 {
			done++
		}
	}
	fmt.Fprintf(&b, "%d of %d clauses are carried out; the rest show as 未落实 and are never green.\n", done, total)
	for _, d := range regulation.Default().Docs {
		fmt.Fprintf(&b, "\n## %s %s — %s\n\n| Clause 条款 | Area 领域 | Demand 要求 | Mechanism 方式 | File 文件 | Tests 测试 | State 状态 |\n|---|---|---|---|---|---|---|\n", d.ID, d.Title.ZH, d.Title.EN)
		for i := range d.Clauses {
			docLine(&b, l, &d.Clauses[i], testNames[d.Clauses[i].ID])
		}
	}
	return b.String()
}

func docLine(b *strings.Builder, l *house.Lists, c *regulation.Clause, tests []string) {
	var how, files []string
	for _, claim := range l.Claims[c.ID] {
		for _, m := range claim.By {
			if !slices.Contains(how, string(m)) {
				how = append(how, string(m))
			}
		}
		file := "module/" + claim.Module + "/" + claim.Module + ".go"
		if !slices.Contains(files, file) {
			files = append(files, file)
		}
	}
	names := slices.Clone(tests)
	slices.Sort(names)
	fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s |\n", c.ID, core.Label(areaNames(), c.Area).ZH, cellText(c.Text.ZH), strings.Join(how, ", "),
		strings.Join(files, "<br>"), strings.Join(names, "<br>"), docState(l, c))
}

func docState(l *house.Lists, c *regulation.Clause) string {
	switch {
	case len(l.Claims[c.ID]) > 0 && c.Law:
		return "carried out 已落实 (law 法律)"
	case len(l.Claims[c.ID]) > 0 && c.Ours:
		return "carried out 已落实 (numbers ours 本系统默认)"
	case len(l.Claims[c.ID]) > 0:
		return "carried out 已落实"
	case c.SameAs != "" && len(l.Claims[c.SameAs]) > 0:
		return "same as 同 " + c.SameAs
	}
	return "未落实"
}

func cellText(s string) string {
	return strings.ReplaceAll(strings.ReplaceAll(s, "|", "\\|"), "\n", " ")
}
