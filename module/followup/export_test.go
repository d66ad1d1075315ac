package followup

import "huiyin/core"

// Lot is a repair's place in the draw.
func Lot(project string, month core.Month, number string) int64 {
	return lot(project, month, matter{Ref: core.Ref{Kind: "repair"}, Number: number})
}
