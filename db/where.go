package db

import (
	"fmt"
	"strings"

	"huiyin/core"
)

// Where collects the conditions of a list with their arguments.
type Where struct {
	Conds []string
	Args  []any
}

// InProject are the conditions of a list that begins with its project.
func InProject(project core.ID) Where {
	return Where{[]string{"project_id = $1"}, []any{project}}
}

// Add adds a condition whose values stand as question marks. A single value stands for each of them.
func (w *Where) Add(cond string, values ...any) {
	for _, v := range values {
		w.Args = append(w.Args, v)
		n := 1
		if len(values) == 1 {
			n = -1
		}
		cond = strings.Replace(cond, "?", fmt.Sprintf("$%d", len(w.Args)), n)
	}
	w.Conds = append(w.Conds, cond)
}

// OneOf adds the condition that a column holds one of these keys; none of them lets nothing through.
func (w *Where) OneOf(column string, ids []core.ID) {
	marks := []string{"0"}
	for _, id := range ids {
		w.Args = append(w.Args, id)
		marks = append(marks, fmt.Sprintf("$%d", len(w.Args)))
	}
	w.Conds = append(w.Conds, column+" in ("+strings.Join(marks, ", ")+")")
}

// String are the conditions as one.
func (w *Where) String() string { return strings.Join(w.Conds, " and ") }

// Then is the whole condition with its order and limit (at least 1); no condition follows it.
func (w *Where) Then(order string, limit int) string {
	w.Args = append(w.Args, max(limit, 1))
	return fmt.Sprintf("%s order by %s limit $%d", w, order, len(w.Args))
}
