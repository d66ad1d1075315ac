package survey

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"strings"

	"huiyin/core"
	"huiyin/db"
)

// tokenBytes is the length of a token: nobody guesses 128 bits.
const tokenBytes = 16

// tokenOf computes an invitation's token under the firm's keys: it is on no page of the database, and a reminder or a
// slip printed later says the same one.
func tokenOf(tx db.Tx, project, round, invite core.ID) string {
	sum := sha256.Sum256([]byte(db.Blind(tx, "survey-token", strings.Join([]string{project.String(), round.String(), invite.String()}, "/"))))
	return base64.RawURLEncoding.EncodeToString(sum[:tokenBytes])
}

// hashOf is what the database keeps of a token to find its invitation.
func hashOf(token string) string { return digest("invite:" + token) }

// keyOf is under what its answer is stored: another hash, so that the two rows do not tell of each other.
func keyOf(token string) string { return digest("answer:" + token) }

func digest(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// tokenLike reports whether s may be a token at all.
func tokenLike(s string) bool {
	b, err := base64.RawURLEncoding.DecodeString(s)
	return err == nil && len(b) == tokenBytes
}
