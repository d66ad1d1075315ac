// Package pack holds the default regulation: one YAML file per document, every clause of it in both languages.
//
// It is data only; package regulation parses it and lays a firm's changes over it. What the data relies on:
//
//   - A clause's duty is named by its numbers. `term` is the one time limit of an event, `target` the one target of a
//     rate. A calendar duty has a `day`: a day of the month (5, last, lastwd: the last working day), every month, or
//     every `months` months where that number is present; or a day of the year (MM-DD). `every` is an interval that
//     counts in days from one occurrence, or from a record's last one, to the next.
//   - A span of 0d ends with the day on which it opens; 0min is due at once.
//   - Amounts are in 分, rates in basis points; `height` and the like say their unit in the label.
//   - `ours` marks numbers that the regulation leaves open; a note says what exactly is ours where that is only part.
//   - `cites` lists the other citations of the same duty, `same_as` points from them to the one that is kept. C13.5 and
//     E3.1 are cited but keep a duty of their own, since only part of each is the other clause's.
//   - A recurring clause without numbers says "regularly" (定期) and leaves the interval to the plans of its module.
package pack

import "embed"

// Files holds a.yaml to e.yaml, the five regulations, and l.yaml, the law (法律底线).
//
//go:embed *.yaml
var Files embed.FS
