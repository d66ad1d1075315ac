package sheet_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"huiyin/sheet"
)

// TestTheSameContentInOtherLayouts: the office's sheets with their columns in another order, under other headers and in
// sheets whose names say nothing, are read as the same records.
func TestTheSameContentInOtherLayouts(t *testing.T) {
	layouts := sheet.DefaultLayouts()
	for name, tries := range map[string]uint64{"tidy.xlsx": 100, "office.xlsx": 4} {
		for _, ws := range load(t, sample(t, name)) {
			m, _ := sheet.Recognise(ws, layouts)
			want := written(&m, ws)
			layout := layouts[slices.IndexFunc(layouts, func(l sheet.Layout) bool { return l.Kind == m.Kind })]
			t.Run(name+"/"+m.Kind, func(t *testing.T) {
				for seed := range tries {
					r := rand.New(rand.NewPCG(seed, 7))
					other, headers := relaid(r, ws, m, layout)
					other.Name = fmt.Sprintf("Sheet%d", seed)
					got, problems := sheet.Recognise(other, layouts)
					if got.Kind != m.Kind {
						t.Fatalf("with the headers %q it is read as %q: %v", headers, got.Kind, problems)
					}
					for _, c := range m.Columns {
						if now, ok := got.Column(c.Field); !ok || now.Header != headers[c.Field] {
							t.Errorf("%s is column %q, want %q, of %q", c.Field, now.Header, headers[c.Field], headers)
						}
					}
					if have := written(&got, other); have != want {
						t.Fatalf("with the headers %q the records differ", headers)
					}
				}
			})
		}
	}
}

// relaid shuffles the columns and gives each header another of its words.
func relaid(r *rand.Rand, ws sheet.Worksheet, m sheet.Match, layout sheet.Layout) (sheet.Worksheet, map[string]string) {
	width := 0
	for _, row := range ws.Rows {
		width = max(width, len(row.Cells))
	}
	order, headers := r.Perm(width), map[string]string{}
	for _, c := range layout.Columns {
		words := slices.DeleteFunc(slices.Clone(c.Words), func(w string) bool { return strings.Contains(w, "*") })
		headers[c.Name] = words[r.IntN(len(words))]
	}
	out := ws
	out.Rows = nil
	for _, row := range ws.Rows {
		cells := make([]sheet.Cell, width)
		for from, to := range order {
			cells[to] = row.Cell(from)
		}
		if row.Number == m.HeaderRow {
			for _, c := range m.Columns {
				cells[order[c.Col]] = sheet.TextCell(headers[c.Field])
			}
		}
		row.Cells = cells
		out.Rows = append(out.Rows, row)
	}
	return out, headers
}

// written is every record with its fields as written.
func written(m *sheet.Match, ws sheet.Worksheet) string {
	var b strings.Builder
	rows := m.Records(ws)
	for i := range rows.Records {
		rec := &rows.Records[i]
		for _, f := range []string{"unit", "name", "area", "id_no", "contact", "phone", "start", "end", "rent", "meter_no", "current", "item", "month", "amount", "time", "content", "done_time"} {
			fmt.Fprintf(&b, "%s|", rec.Text(f))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// TestHeadersThatOfficesUse: one header at a time is another word that some office has for it.
func TestHeadersThatOfficesUse(t *testing.T) {
	want := map[string]map[string]string{
		"units":     {"unit": "单元代码 房屋号 铺号/房号 房产编码 商铺编码 单元名称 房产名称 铺面号 房间名称 房号/铺号", "floor": "楼层/层数 所属楼层 楼层数 层楼", "area": "建面(㎡) 建筑面积(平方米) 实用面积 收费面积(㎡) 面积(m²) 建筑面积/㎡ 总面积 租售面积 可租面积", "use": "经营业态 物业用途 房屋使用性质 规划性质", "owner": "业主/产权人 产权所有人 业主单位 房主 业主(产权人) 小业主", "owner_phone": "业主联系方式 业主手机号码 业主TEL 产权人联系方式 业主电话号码", "state": "当前状态 出租情况 入住情况 空置情况 租售状态 目前状态 房间状态", "unit_price": "物管费单价(元/㎡·月) 物业费(元/㎡/月) 管理费标准(元/平方米) 物管费标准 物业管理费(元/㎡) 物业服务费标准"},
		"customers": {"name": "店铺名称 店名 公司全称 企业全称 单位全称 业户全称 承租方名称 公司名 品牌名称 租户(公司)名称 租户/业户名称 业主/租户名称 租户/业主名称", "id_no": "统一社会信用代码(身份证号) 证照号码 统一信用代码/身份证号码 信用代码/证件号 社会统一信用代码 证件号码 营业执照注册号 组织机构代码 执照号码", "industry": "行业分类 所属业态 行业性质 经营类别 主营 业务类型 从事行业", "contact": "联系人姓名 主要联系人 对接人 联络人 日常联系人 现场负责人 租户联系人", "phone": "联系电话1 固定电话 联络电话 移动电话 联系人手机号 手机号码1 办公电话 日常联系电话", "emergency": "紧急联系人(电话) 非办公时间联系人 应急联络人/电话 紧急联络人 下班后联系人 夜间联系人 紧急联系人姓名及电话", "move_in": "进场时间 进驻日 开业日期 入伙时间 入驻年月 迁入时间 交铺日期", "category": "客户性质 业户性质 重要程度 客户分级 业户等级 类型"},
		"leases":    {"contract_no": "合同流水号 协议号 合同编码 租约编号 租约号 合同备案号", "start": "租期开始 租赁开始日 起租时间 合同开始 租赁起始时间 租赁期限起 合同期限(起) 租赁开始时间 起租", "end": "租期结束 租赁结束日 终止时间 合同结束 租赁终止时间 租赁期限止 合同期限(止) 租赁结束时间 到期", "rent": "月租金(元) 租金(元/月) 月租金总额 首年月租金 每月租金(元) 月租金额(元) 现行月租金", "deposit": "押金(元) 租赁押金(元) 保证金(元) 租金保证金 已收押金", "free_months": "免租期(月) 免租月 免租期/月 装修期", "name": "承租人名称 租赁单位 租户单位 承租方(乙方) 租户/承租方", "pay_method": "交租方式 付费方式 租金缴纳方式 押付方式"},
		"readings":  {"previous": "上月止码 上月行度 上次行度 起度 上期底数 上期止数 上月抄见数 上月底数 上次抄表数 上期抄表", "current": "本月止码 本月行度 本次行度 止度 本期底数 本期止数 本月抄见数 本月底数 本次抄表数 本期抄表", "meter_no": "仪表号 表计号码 电表号码 表具号 表码 电表编码 表号/位置", "multiplier": "CT 倍率(CT) 电流倍率 互感器变比", "meter_kind": "水电类型 表计种类 能耗类型 水表/电表 仪表种类", "reader": "抄表人员 抄表者 抄录人"},
		"arrears":   {"item": "欠费项 费用科目 收费科目 费用种类 款项性质 收费类别 费用项", "month": "欠费所属月 欠费所属期 费用年月 账单月份 所属年月 费用所属月份 计费期 欠费月", "amount": "欠缴金额(元) 欠费额 欠费总额 未交金额 待缴金额 应收未收 应收余额 所欠金额 欠费金额合计 未缴费用 欠交金额 尚欠金额 本期欠费"},
		"matters":   {"time": "报修日期时间 接单时间 受理日期时间 报修/投诉日期 反映时间 记录时间 登记日期时间 报修登记时间 上报时间", "reporter": "报修人/投诉人 反馈人 报修/投诉人姓名 申报人 报告人 联系人姓名", "content": "报修事项 投诉事项 事件描述 故障内容 诉求 反馈内容 报事描述 报修投诉事项 问题内容 报修/投诉事项 维修内容 服务内容", "handler": "维修技工 责任人 处理人姓名 受派人 维修员 办理人 执行人 跟单人", "done_time": "完成日期时间 关闭时间 维修完成日期 处理完时间 办结日 实际完成时间 处理完毕时间", "result": "处理进度 是否完成 办结情况 处理情况及结果 处理结果说明 跟进情况 处理措施", "category": "报修类型 事件类型 投诉类别 服务类别 报修/投诉类型", "followup": "回访满意度 满意程度 客户意见 回访人/结果 回访内容"},
	}
	layouts := sheet.DefaultLayouts()
	for _, ws := range load(t, sample(t, "tidy.xlsx")) {
		m, _ := sheet.Recognise(ws, layouts)
		for _, c := range m.Columns {
			for _, w := range strings.Fields(want[m.Kind][c.Field]) {
				other := ws
				other.Rows = nil
				for _, row := range ws.Rows {
					if row.Number == m.HeaderRow {
						cells := append([]sheet.Cell(nil), row.Cells...)
						cells[c.Col] = sheet.TextCell(w)
						row.Cells = cells
					}
					other.Rows = append(other.Rows, row)
				}
				got, _ := sheet.Recognise(other, layouts)
				if now, ok := got.Column(c.Field); got.Kind != m.Kind || !ok || now.Header != w {
					as := ""
					for _, x := range got.Columns {
						if x.Header == w {
							as = x.Field
						}
					}
					t.Errorf("%s: %q is read as %q of %q, not as %s", m.Kind, w, as, got.Kind, c.Field)
				}
			}
		}
	}
}
