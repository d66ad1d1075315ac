package register

import (
	"context"
	"maps"
	"slices"

	"huiyin/core"
	"huiyin/db"
)

// A form shows a telephone or ID number that it was filled with as every page does, masked: who wants to read it says why
// (B6.2). Sent back as it stood there, it stays what it is.

// masked replaces the filled telephone and ID numbers by what may be shown of them.
func masked[In any](fields []core.Field[In], values map[string][]string) map[string][]string {
	for _, f := range fields {
		if mask := maskOf(f.KindOf()); mask != nil && len(values[f.Name]) == 1 {
			values[f.Name] = []string{mask(values[f.Name][0])}
		}
	}
	return values
}

// unmasked puts the record's own number back where the form has it masked still.
func (v Verb[In]) unmasked(ctx context.Context, tx db.Tx, id core.ID, in core.Input) (core.Input, error) {
	if v.Fill == nil || !slices.ContainsFunc(v.Fields, func(f core.Field[In]) bool { return maskOf(f.KindOf()) != nil }) {
		return in, nil
	}
	var was In
	if err := v.Fill(ctx, tx, id, &was); err != nil {
		return in, err
	}
	plain := core.ValuesOf(ctx, v.Fields, &was)
	in.Values = maps.Clone(in.Values) // what was sent is shown again when the verb is refused
	for _, f := range v.Fields {
		mask, have := maskOf(f.KindOf()), plain[f.Name]
		if mask != nil && len(have) == 1 && have[0] != "" && in.Get(f.Name) == mask(have[0]) {
			in.Values[f.Name] = have
		}
	}
	return in, nil
}

// maskOf masks a value of the kind; nil for kinds that are shown as they are.
func maskOf(k core.FieldKind) func(string) string {
	switch k {
	case core.KindPhone:
		return func(s string) string { return core.Phone(s).Mask() }
	case core.KindIDNo:
		return func(s string) string { return core.IDNumber(s).Mask() }
	}
	return nil
}
