package survey

import (
	"crypto/sha256"
	"encoding/hex"

	"huiyin/core"
	"huiyin/db"
	"huiyin/web"
)

// tokenOf computes an invitation's token under the firm's keys: it is on no page of the database, and a reminder or a
// slip printed later says the same one.
func tokenOf(tx db.Tx, project, round, invite core.ID) string {
	return web.Token(tx, "survey-token", project.String(), round.String(), invite.String())
}

// hashOf is what the database keeps of a token to find its invitation.
func hashOf(token string) string { return digest("invite:" + token) }

// keyOf is under what its answer is stored: another hash, so that the two rows do not tell of each other.
func keyOf(token string) string { return digest("answer:" + token) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}
