package notify

import (
	"context"
	"io"
	"strings"

	"huiyin/core"
	"huiyin/db"
	"huiyin/file"
)

// Enclosure is a file that goes with an e-mail.
type Enclosure struct {
	Name, Type string
	Bytes      []byte
}

// fileList is how a row keeps the ids of its files; only an e-mail carries any.
func fileList(r row) string {
	if r.channel != Mail {
		return ""
	}
	words := make([]string, len(r.letter.Files))
	for i, id := range r.letter.Files {
		words[i] = id.String()
	}
	return strings.Join(words, " ")
}

// enclosures reads the files of a delivery, with no transaction open while their bytes come.
func enclosures(ctx context.Context, d *db.DB, del Delivery) (out []Enclosure, err error) {
	for _, word := range strings.Fields(del.files) {
		id, err := core.ParseID(word)
		if err != nil {
			return nil, err
		}
		var f file.File
		var in io.ReadCloser
		err = d.Read(ctx, func(ctx context.Context, tx db.Tx) (err error) {
			if f, err = file.Get(ctx, tx, del.Ref.Project, id); err == nil {
				in, err = file.OpenContent(ctx, tx, f)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
		b, err := io.ReadAll(in)
		if err := in.Close(); err != nil {
			return nil, err
		}
		if err != nil {
			return nil, err
		}
		out = append(out, Enclosure{f.Name, f.Type, b})
	}
	return out, nil
}

// Addresses are the e-mail addresses that the project's contacts gave, by contact; refused says that one wants to be
// told nothing.
func Addresses(ctx context.Context, tx db.Tx, project core.ID) (mails map[core.ID]string, refused map[core.ID]bool, err error) {
	type row struct {
		person           core.ID
		sealed           string
		urgent, ordinary string
	}
	rows, err := db.All(ctx, tx, func(r *row) []any { return []any{&r.person, &r.sealed, &r.urgent, &r.ordinary} },
		"select person_id, mail, urgent, ordinary from notify_choice where project_id = $1 and voided_at is null", project)
	mails, refused = map[core.ID]string{}, map[core.ID]bool{}
	for _, r := range rows {
		if refused[r.person] = r.ordinary == ""; err == nil && r.sealed != "" {
			mails[r.person], err = db.OpenFor(ctx, tx, project, r.person, r.sealed)
		}
	}
	return mails, refused, err
}
