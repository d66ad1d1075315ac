package core

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // a bare machine has no zone files
)

// CountMax is up to where the numbers in menus are counted: every page shows them, and beyond it "99+" says enough.
const CountMax = 100

// China is the default zone of a project.
var China = func() *time.Location {
	l, err := time.LoadLocation("Asia/Shanghai")
	if err != nil {
		panic(err) // tzdata is embedded
	}
	return l
}()

// Money is whole 分. 1 元 is 100.
type Money int64

// String writes yuan with two digits and thousands separated: -1,234.50.
func (m Money) String() string {
	sign, fen := "", uint64(m)
	if m < 0 {
		sign, fen = "-", -fen
	}
	s := strconv.FormatUint(fen/100, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return fmt.Sprintf("%s%s.%02d", sign, s, fen%100)
}

// Plain writes yuan without separators, as an input field holds it: -1234.50.
func (m Money) Plain() string { return strings.ReplaceAll(m.String(), ",", "") }

var moneyShape = regexp.MustCompile(`^(-?)(\d{1,13})(?:\.(\d{1,2}))?$`)

// ParseMoney reads yuan as a person types them in a form: 12, 12.5, 1,234.50. More than two decimals are refused,
// not rounded. (What workbooks hold, sheet reads more generously.)
func ParseMoney(s string) (Money, error) {
	m := moneyShape.FindStringSubmatch(strings.ReplaceAll(strings.TrimSpace(s), ",", ""))
	if m == nil {
		return 0, Invalid("", "金额 %q 不正确,应如 1234.50", "%q is not an amount such as 1234.50", s)
	}
	yuan, err := strconv.ParseInt(m[2], 10, 64)
	if err != nil {
		return 0, err
	}
	fen, _ := strconv.ParseInt((m[3] + "00")[:2], 10, 64)
	v := Money(yuan*100 + fen)
	if m[1] == "-" {
		v = -v
	}
	return v, nil
}

// Date is a local calendar day, "2026-11-22"; empty means none. Dates compare as strings.
type Date string

// DateOf is the day on which t falls in the zone.
func DateOf(t time.Time, zone *time.Location) Date { return Date(t.In(zone).Format(time.DateOnly)) }

// ParseDate reads YYYY-MM-DD between 1900 and 2199.
func ParseDate(s string) (Date, error) {
	t, err := time.Parse(time.DateOnly, s)
	if err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", Invalid("", "日期 %q 不正确,应如 2026-11-22", "%q is not a date such as 2026-11-22", s)
	}
	return Date(s), nil
}

// Time is midnight at the start of the day in the zone; the zero time for none.
func (d Date) Time(zone *time.Location) time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), zone)
	if err != nil {
		return time.Time{}
	}
	return t
}

// Add moves by days; Month is "2026-11"; Weekday is the day of the week.
func (d Date) Add(days int) Date {
	return Date(d.Time(time.UTC).AddDate(0, 0, days).Format(time.DateOnly))
}

// Month is the local month that the day is in.
func (d Date) Month() Month {
	if len(d) < 7 {
		return ""
	}
	return Month(d[:7])
}

// Weekday is the day of the week.
func (d Date) Weekday() time.Weekday { return d.Time(time.UTC).Weekday() }

// Days counts from d to e: positive when e is later.
func (d Date) Days(e Date) int { return int(e.Time(time.UTC).Sub(d.Time(time.UTC)).Hours() / 24) }

// Month is a local month, "2026-11".
type Month string

// MonthOf is the month in which t falls in the zone.
func MonthOf(t time.Time, zone *time.Location) Month { return Month(t.In(zone).Format("2006-01")) }

// ParseMonth reads YYYY-MM between 1900 and 2199.
func ParseMonth(s string) (Month, error) {
	if t, err := time.Parse("2006-01", s); err != nil || t.Year() < 1900 || t.Year() > 2199 {
		return "", Invalid("", "月份 %q 不正确,应如 2026-11", "%q is not a month such as 2026-11", s)
	}
	return Month(s), nil
}

// First is the month's first day, Last its last; Add moves by months.
func (m Month) First() Date { return Date(string(m) + "-01") }

// Last is the month's last day.
func (m Month) Last() Date { return m.Add(1).First().Add(-1) }

// Add moves by months.
func (m Month) Add(n int) Month {
	return Month(m.First().Time(time.UTC).AddDate(0, n, 0).Format("2006-01"))
}

// Day is the n-th day of the month; a day that the month lacks is its last (resolutions 8).
func (m Month) Day(n int) Date { return min(m.First().Add(n-1), m.Last()) }

// Unit of a Span.
type Unit string

// The units: minutes and hours run on the wall clock, d are calendar days, wd working days by the Chinese calendar.
const (
	Minutes  Unit = "min"
	Hours    Unit = "h"
	Days     Unit = "d"
	Workdays Unit = "wd"
)

// Span is a term: 15min, 24h, 7d, 1wd. N is not negative.
type Span struct {
	N    int
	Unit Unit
}

var spanShape = regexp.MustCompile(`^(\d{1,5})(min|h|d|wd)$`)

// ParseSpan reads what String writes.
func ParseSpan(s string) (Span, error) {
	m := spanShape.FindStringSubmatch(strings.TrimSpace(s))
	if m == nil {
		return Span{}, Invalid("", "期限 %q 不正确,应如 15min、24h、7d、1wd", "%q is not a term such as 15min, 24h, 7d or 1wd", s)
	}
	n, _ := strconv.Atoi(m[1])
	return Span{n, Unit(m[2])}, nil
}

func (s Span) String() string { return fmt.Sprintf("%d%s", s.N, s.Unit) }

// Text is the span in words: 15 分钟, 1 个工作日.
func (s Span) Text() Text {
	unit := map[Unit]Text{Minutes: {"分钟", "min"}, Hours: {"小时", "h"}, Days: {"天", "days"}, Workdays: {"个工作日", "working days"}}[s.Unit]
	if s.N == 1 {
		unit.EN = strings.TrimSuffix(unit.EN, "s")
	}
	return T("%d %s", "%d %s", s.N, unit)
}

// Short reports whether the span runs on the wall clock (minutes, hours).
func (s Span) Short() bool { return s.Unit == Minutes || s.Unit == Hours }

// Duration is the wall-clock length of a short span; 0 for days.
func (s Span) Duration() time.Duration {
	switch s.Unit {
	case Minutes:
		return time.Duration(s.N) * time.Minute
	case Hours:
		return time.Duration(s.N) * time.Hour
	}
	return 0
}

// Rate is in basis points: 10000 is 100 %.
type Rate int64

func (r Rate) String() string {
	s := strconv.FormatFloat(float64(r)/100, 'f', 2, 64)
	s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	return s + "%"
}

// RateOf is numerator over denominator, 100 % of nothing being 0 with ok=false.
func RateOf(num, den int64) (r Rate, ok bool) {
	if den == 0 {
		return 0, false
	}
	return Rate(num * 10000 / den), true
}

// Personal is text about a person (a name, an address): the journal keeps it as ciphertext under the customer's key.
type Personal string

// Phone is a telephone number, normalised (see NormalPhone): digits, and + for abroad. Masked on every page.
type Phone string

// IDNumber is an identity card or passport number: encrypted at rest, found only by blind index, masked on every page.
type IDNumber string

// Secret is sealed in the journal and never shown (passwords do not come this far; keys and tokens may).
type Secret string

// Personaler marks the types that the journal seals.
type Personaler interface{ personal() }

func (Personal) personal() {}
func (Phone) personal()    {}
func (IDNumber) personal() {}
func (Secret) personal()   {}

// Mask keeps three digits in front and four behind: 138****2231; shorter numbers lose all but the last two.
func (p Phone) Mask() string { return mask(string(p), 3, 4) }

// Mask keeps four characters in front and two behind.
func (n IDNumber) Mask() string { return mask(string(n), 4, 2) }

func mask(s string, front, back int) string {
	r := []rune(s)
	if len(r) == 0 {
		return ""
	}
	if len(r) <= front+back {
		front, back = 0, min(2, len(r)-1)
	}
	return string(r[:front]) + strings.Repeat("*", len(r)-front-back) + string(r[len(r)-back:])
}

// Choice is one of a fixed set of values.
type Choice struct {
	Value string `json:"value"`
	Label Text   `json:"label"`
}

// Label finds a value's label among the choices; an unknown value shows as itself.
func Label(choices []Choice, value string) Text {
	for _, c := range choices {
		if c.Value == value {
			return c.Label
		}
	}
	return Text{value, value}
}

// JSON marshals v; the types we journal and stage cannot fail, so an error is a programmer's.
func JSON(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("core.JSON(%T): %v", v, err))
	}
	return string(b)
}
