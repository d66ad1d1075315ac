package sheet

import "huiyin/core"

// Column is one field that a layout looks for.
type Column struct {
	Name  string
	Label core.Text
	// Words are header texts, most specific first; * stands for any text between (业主*电话). They are written as
	// normalHeader leaves them: half-width, lower case, without spaces.
	Words []string
	// Not lists words whose presence in a header forbids it for this field: 紧急 for the ordinary telephone.
	Not      []string
	Required bool // a row without it cannot be taken
	// Repeats: a blank takes the value above, unless one of Unless has a value of its own in this row, or the column
	// With has one that differs from the row above.
	Repeats bool
	Unless  []string
	With    string
	// Sum columns hold amounts: a merged cell counts once, and a totals row is checked against them.
	Sum    bool
	Common bool // found in sheets of every kind, so it says little about this one
}

// Layout is a kind of sheet.
type Layout struct {
	Kind       string
	Label      core.Text
	SheetWords []string // in the sheet's name or title
	Columns    []Column
	// Any lists alternatives of which at least one must be found, beside the required columns.
	Any []string

	ignored []int // columns named 问题
}

// Words that several layouts share.
func unitWordsList() []string {
	return []string{"单元编号", "单元号", "房号", "房间号", "房屋编号", "铺位号", "铺位编号", "商铺号", "商铺编号", "铺号", "室号", "单元", "房源编号", "房产编号", "房间编号", "物业单元", "所在单元", "租赁单元", "承租单元", "单元房号", "租赁房号", "单元代码", "单元名称", "房产编码", "房产名称", "房屋名称", "铺面号", "铺面", "商铺名称", "铺位名称", "房屋代码", "资产编号", "房屋", "铺位", "房间", "商铺", "档口号", "位置", "地址", "unitno", "unitcode", "unit", "room"}
}

func nameWordsList() []string {
	return []string{"业户名称", "业户", "租户名称", "租户", "客户名称", "客户", "公司名称", "企业名称", "单位名称", "商户名称", "商户", "承租方", "承租人", "承租单位", "租户姓名", "业户姓名", "客户姓名", "租赁方", "乙方", "入驻企业", "入驻单位", "使用人", "住户姓名", "住户", "业主/租户名称", "租户/业主名称", "商家名称", "商家", "公司", "店铺名称", "店铺", "店名", "品牌名称", "品牌", "公司全称", "企业全称", "单位全称", "业户全称", "客户全称", "企业", "租赁单位", "租户单位", "承租客户", "tenant", "customer", "company", "name"}
}

func col(name, zh, en string, words ...string) Column {
	return Column{Name: name, Label: core.T(zh, en), Words: words}
}

func seqColumn() Column {
	c := col("seq", "序号", "No.", "序号", "序", "行号", "no.", "no", "#")
	c.Common = true
	return c
}

func buildingColumn() Column {
	c := col("building", "楼座", "Building", "楼座", "楼栋", "楼宇", "栋号", "座号", "幢号", "楼号", "座别", "楼幢", "楼宇名称", "楼栋名称", "大厦", "塔楼", "栋", "座", "幢", "building", "tower")
	c.Repeats, c.Common = true, true
	return c
}

func unitColumn(required bool) Column {
	c := col("unit", "单元编号", "Unit", unitWordsList()...)
	c.Required, c.Common, c.Not = required, true, []string{"单价", "面积", "状态", "电话", "地址簿"}
	return c
}

func nameColumn(required bool) Column {
	c := col("name", "业户名称", "Customer", nameWordsList()...)
	c.Required, c.Common = required, true
	c.Not = []string{"电话", "手机", "类", "级", "业主", "联系", "编号", "代码", "评价", "意见", "签", "满意", "地址", "性质"}
	return c
}

func phoneColumn() Column {
	c := col("phone", "联系电话", "Telephone", "联系电话", "联系人电话", "业户电话", "租户电话", "客户电话", "电话", "手机", "手机号", "手机号码", "电话号码", "联系方式", "联系手机", "移动电话", "租户*电话", "租户*联系方式", "联系人*电话", "联系人*手机", "联系人*联系方式", "来电号码", "联络电话", "联络方式", "固定电话", "办公电话", "座机", "手机号码1", "联系电话1", "phone", "tel", "mobile")
	c.Not, c.Common = []string{"紧急", "应急", "业主", "法人", "法定", "备用", "办公时间外", "联系人/电", "联系人及", "联系人、", "联系人和", "传真"}, true
	return c
}

func noteColumn() Column {
	c := col("note", "备注", "Note", "备注", "说明", "附注", "备注说明", "note", "remark", "remarks")
	c.Common = true
	return c
}

// together marks unit and name as columns that repeat together in a list of several rows per customer.
func together(c Column, with string) Column {
	c.Repeats, c.With = true, with
	return c
}

func required(c Column) Column { c.Required = true; return c }
func repeats(c Column) Column  { c.Repeats = true; return c }
func sum(c Column) Column      { c.Sum = true; return c }
func not(c Column, words ...string) Column {
	c.Not = words
	return c
}

// DefaultLayouts are the six sheets that every property office keeps, in the order in which they are applied.
func DefaultLayouts() []Layout {
	return []Layout{unitsLayout(), customersLayout(), leasesLayout(), readingsLayout(), arrearsLayout(), mattersLayout()}
}

func unitsLayout() Layout {
	return Layout{Kind: "units", Label: core.T("房产台账", "Units"), SheetWords: []string{"房产", "房源", "房屋", "单元台账", "单元表", "物业台账", "资产", "房间", "units"}, Any: []string{"area", "owner", "state", "use"}, Columns: []Column{
		seqColumn(), buildingColumn(),
		repeats(col("floor", "楼层", "Floor", "楼层", "所在楼层", "层号", "层数", "层", "层楼", "楼层数", "层别", "floor")),
		unitColumn(true),
		sum(not(col("area", "建筑面积", "Area", "建筑面积", "计费面积", "计租面积", "收费面积", "产权面积", "房屋面积", "面积", "租赁面积", "套内面积", "使用面积", "建面", "实用面积", "总面积", "可租面积", "出租面积", "租售面积", "area"), "单价", "公摊", "分摊")),
		not(col("use", "用途", "Use", "用途", "房屋用途", "物业类型", "房屋类型", "使用性质", "房屋性质", "规划用途", "业态", "经营业态", "规划性质", "物业性质", "类型", "性质", "use"), "客户", "产权"),
		not(col("owner", "业主", "Owner", "业主", "业主姓名", "业主名称", "产权人", "产权单位", "所有权人", "权利人", "房东", "房主", "产权所有人", "产权方", "业主单位", "小业主", "产权人姓名", "业主*姓名", "业主*名称", "owner"), "电话", "手机", "联系", "编号", "证", "地址"),
		not(col("owner_phone", "业主电话", "Owner's telephone", "业主电话", "业主联系电话", "业主手机", "业主手机号", "业主联系方式", "产权人电话", "房东电话", "业主*电话", "业主*手机", "业主*联系方式", "产权人*电话", "房东*电话", "业主tel", "业主*号码", "联系电话", "电话", "手机", "手机号", "联系方式"), "租户", "业户", "承租", "商户", "客户", "紧急", "使用人", "住户"),
		not(col("state", "状态", "State", "状态", "房态", "使用状态", "出租状态", "租赁状态", "房屋状态", "入住状态", "单元状态", "现状", "使用情况", "使用现状", "出租情况", "租赁情况", "入住情况", "入驻情况", "空置情况", "租售状态", "出租与否", "是否出租", "是否空置", "state", "status"), "缴费"),
		not(col("unit_price", "物业费单价", "Unit price", "物业费单价", "物业服务费单价", "物业管理费单价", "管理费单价", "物业费标准", "物业管理费标准", "收费标准", "管理费标准", "物管费单价", "物管费标准", "物管费", "物业服务费标准", "物业服务费", "收费单价", "物业费", "管理费", "单价", "price"), "租金", "欠", "合计"),
	}}
}

func customersLayout() Layout {
	unit := unitColumn(false)
	unit.Repeats, unit.With = true, "name"
	name := nameColumn(true)
	name.Repeats, name.Unless = true, []string{"seq", "id_no", "contact", "phone"}
	return Layout{Kind: "customers", Label: core.T("业户台账", "Customers"), SheetWords: []string{"业户", "租户", "客户", "商户", "入驻", "住户", "企业信息", "customers", "tenants"}, Any: []string{"id_no", "phone", "contact", "industry", "move_in", "category"}, Columns: []Column{
		seqColumn(), buildingColumn(), unit, name,
		not(col("id_no", "统一社会信用代码/身份证号", "Credit code or ID", "统一社会信用代码/身份证号", "统一社会信用代码", "社会信用代码", "信用代码", "统一信用代码", "营业执照号", "营业执照", "执照号码", "执照编号", "组织机构代码", "营业执照编号", "营业执照注册号", "身份证号", "身份证号码", "身份证", "证件号码", "证件号", "税号", "纳税人识别号", "注册号", "*信用代码*", "*身份证*", "证照号"), "法人", "法定", "有效", "到期", "复印"),
		col("industry", "行业", "Industry", "行业", "所属行业", "行业类别", "行业类型", "主营业务", "经营范围", "经营业态", "经营项目", "主营", "主营项目", "经营类别", "经营内容", "业务类型", "从事行业", "行业分类", "业态", "industry"),
		not(col("legal_person", "法定代表人", "Legal representative", "法定代表人", "法人代表", "法人", "法定代表", "法人姓名", "法定代表人姓名", "企业法人"), "电话", "手机", "证"),
		not(col("contact", "联系人", "Contact", "联系人", "联系人姓名", "业务联系人", "主要联系人", "经办人", "负责人", "联络人", "对接人", "现场负责人", "日常联系人", "联系人/电话", "联系人及电话", "联系人及联系方式", "联系人、电话", "联系人*姓名", "contact"), "紧急", "应急", "备用", "办公时间外", "业主", "联系人电", "联系人手", "联系人联"),
		phoneColumn(),
		not(col("emergency", "紧急联系人/电话(办公时间外)", "Emergency contact", "紧急联系人/电话", "紧急联系人", "应急联系人", "紧急联系人及电话", "应急联系人及电话", "紧急联系人姓名", "紧急联系", "备用联系人", "第二联系人", "办公时间外联系人", "非办公时间联系人", "非工作时间联系人", "下班后联系人", "夜间联系人", "紧急联络人", "应急联络人", "应急联络人/电话", "紧急联络人/电话", "紧急联络人及电话", "办公时间外*", "紧急*联系人*", "紧急*姓名"), "联系人电话", "联系人手机"),
		col("emergency_phone", "紧急联系电话", "Emergency telephone", "紧急联系电话", "紧急联系人电话", "紧急联系人手机", "紧急联系方式", "紧急电话", "应急电话", "应急联系电话", "备用电话", "备用联系电话", "紧急*电话", "紧急*手机", "应急*电话"),
		not(col("move_in", "入驻日期", "Move-in date", "入驻日期", "入住日期", "进驻日期", "入驻时间", "入住时间", "进驻时间", "迁入日期", "入伙日期", "进场日期", "交房日期", "进场时间", "入伙时间", "迁入时间", "交房时间", "交铺日期", "交铺时间", "开业日期", "开业时间", "进驻日", "入驻日", "入住日", "入驻"), "企业", "单位"),
		not(col("category", "客户类别", "Category", "客户类别", "客户类型", "业户类别", "业户类型", "租户类型", "租户类别", "客户分类", "客户等级", "客户级别", "客户分级", "客户性质", "业户性质", "业户等级", "业户级别", "租户等级", "租户性质", "重要程度", "类型", "类别", "级别", "等级", "分类", "category"), "行业", "证件", "房"),
	}}
}

func leasesLayout() Layout {
	contract := not(col("contract_no", "合同编号", "Contract no.", "合同编号", "合同号", "合同号码", "租赁合同编号", "租赁合同号", "协议编号", "协议号", "租约编号", "租约号", "合同编码", "合同流水号", "合同", "编号", "contractno", "contract"), "日", "期", "金", "租", "单元", "客户", "备注", "状态")
	contract.Repeats, contract.Unless = true, []string{"start", "end", "rent"}
	date := []string{"免租", "付款", "缴", "交付", "计租金"}
	return Layout{Kind: "leases", Label: core.T("租赁合同", "Leases"), SheetWords: []string{"租赁", "合同", "租约", "leases"}, Any: []string{"start", "end", "rent", "term"}, Columns: []Column{
		seqColumn(), contract, buildingColumn(), together(unitColumn(true), "name"), together(nameColumn(false), "unit"),
		not(col("start", "起租日", "Start", "起租日", "起租日期", "租赁起始日", "租赁开始日期", "租赁起始日期", "合同起始日", "合同开始日期", "合同起始日期", "租期起", "开始日期", "起始日期", "起始日", "开始日", "起始时间", "开始时间", "计租日期", "计租起始日", "起租时间", "租*起", "租*开始", "合同*起", "合同*开始", "租赁期限起", "租赁期限(起)", "合同期限起", "合同期限(起)", "租期(起)", "起租", "起始", "起", "start"), date...),
		not(col("end", "到期日", "End", "到期日", "到期日期", "租赁到期日", "租赁终止日", "租赁结束日期", "合同到期日", "合同终止日", "合同结束日期", "合同到期日期", "租期止", "终止日期", "结束日期", "截止日期", "届满日", "到期时间", "终止日", "止租日", "结束日", "截止日", "租*止", "租*结束", "租*到期", "合同*止", "合同*到期", "合同*结束", "租赁期限止", "租赁期限(止)", "合同期限止", "合同期限(止)", "租期(止)", "到期", "终止时间", "结束时间", "截止时间", "租*终止", "合同*终止", "止", "end"), date...),
		sum(not(col("rent", "月租金", "Monthly rent", "月租金", "每月租金", "月租", "租金", "合同租金", "当前租金", "月租金额", "租金金额", "租金/月", "rent"), "单价", "免租", "押", "保证金", "支付", "缴", "方式", "周期", "年租", "递增", "标准")),
		col("pay_method", "付款方式", "Payment", "付款方式", "支付方式", "缴费方式", "交租方式", "付租方式", "租金支付方式", "付款周期", "缴费周期", "支付周期", "付费方式", "押付方式", "租金缴纳方式", "租金交纳方式", "缴租方式", "结算方式", "付款*方式"),
		sum(not(col("deposit", "押金", "Deposit", "押金", "租赁押金", "押金金额", "租赁保证金", "履约保证金", "保证金", "租金押金", "合同押金", "deposit"), "方式", "日期", "物业")),
		not(col("free_months", "免租期", "Rent-free months", "免租期", "免租月数", "免租期月数", "装修免租期", "装修期", "免租月", "免租(月)", "免租"), "起", "止", "日期"),
		not(col("term", "租期", "Term", "租赁期限", "租期", "合同期限", "租赁期", "合同期", "合同起止日期", "起止日期", "租赁起止日期", "起止时间"), "(起)", "(止)", "(开始)", "(结束)", "(到期)"),
		noteColumn(),
	}}
}

func readingsLayout() Layout {
	return Layout{Kind: "readings", Label: core.T("抄表记录", "Meter readings"), SheetWords: []string{"抄表", "水电", "读数", "表底", "readings"}, Any: []string{"meter_no", "meter_kind", "previous"}, Columns: []Column{
		seqColumn(), buildingColumn(), together(unitColumn(true), "name"), together(nameColumn(false), "unit"),
		not(col("meter_kind", "表类", "Meter kind", "表类", "表类型", "表种", "表计类型", "仪表类型", "表具类型", "能源类型", "能耗类型", "表计种类", "仪表种类", "水电类型", "水表/电表", "水电表", "表别", "水/电", "类型", "类别", "种类", "表"), "号", "倍", "人"),
		not(col("meter_no", "表号", "Meter no.", "表号", "表编号", "表计编号", "仪表编号", "表具编号", "表具号", "表码", "表计号码", "仪表号", "仪表号码", "电表编码", "水表编码", "电表号码", "水表号码", "电表号", "水表号", "电表编号", "水表编号", "表计号", "设备编号", "meterno", "meter"), "位号"),
		col("multiplier", "倍率", "Multiplier", "倍率", "倍数", "互感倍率", "互感器倍率", "变比", "ct", "ct变比", "ct倍率", "互感器变比", "multiplier"),
		sum(col("previous", "上期读数", "Previous reading", "上期读数", "上次读数", "上月读数", "上期示数", "上次示数", "上月示数", "上月表数", "期初读数", "起始读数", "起码", "起数", "上期表底", "上月表底", "上次表底", "起度", "起始度数", "上期行度", "上月行度", "上次行度", "上期抄表", "上月抄表", "上次抄表", "上期底数", "上月底数", "上月止码", "上期止码", "上期*数", "上月*数", "上次*数", "上期*", "上月*", "previous")),
		required(sum(col("current", "本期读数", "Current reading", "本期读数", "本次读数", "本月读数", "本期示数", "本次示数", "本月示数", "本月表数", "期末读数", "截止读数", "止码", "止数", "本期表底", "本月表底", "本次表底", "止度", "截止度数", "本期行度", "本月行度", "本次行度", "本期抄表", "本月抄表", "本次抄表", "本期底数", "本月底数", "本月止码", "本期止码", "本期*数", "本月*数", "本次*数", "current"))),
		not(col("unit_price", "单价", "Unit price", "单价", "电价", "水价", "收费标准", "单位价格", "price"), "物业"),
		repeats(col("reader", "抄表人", "Read by", "抄表人", "抄表员", "抄表人员", "抄录人", "抄表者", "读表人", "抄表", "reader")),
	}}
}

func arrearsLayout() Layout {
	return Layout{Kind: "arrears", Label: core.T("欠费明细", "Arrears"), SheetWords: []string{"欠费", "欠款", "欠缴", "催缴", "应收", "未缴", "arrears"}, Any: []string{"item", "month"}, Columns: []Column{
		seqColumn(), buildingColumn(), together(unitColumn(true), "name"), together(nameColumn(false), "unit"),
		repeats(not(col("item", "费用项目", "Item", "费用项目", "收费项目", "费用名称", "费项", "欠费项目", "费用类型", "费用类别", "收费名称", "款项", "收费类别", "收费科目", "费用科目", "费用种类", "费用项", "欠费项", "款项性质", "款项名称", "项目名称", "费用", "科目", "项目", "费种", "item"), "金额", "日期")),
		not(col("month", "所属月份", "Month", "所属月份", "费用月份", "欠费月份", "账期", "所属期", "所属账期", "计费月份", "费用期间", "计费期", "计费周期", "欠费月", "欠费所属月", "欠费所属期", "所属年月", "费用年月", "账单月份", "账单期间", "所属期间", "欠费期间", "应缴月份", "费用所属期", "月份", "期间", "年月", "month", "period"), "金额", "月数"),
		required(sum(not(col("amount", "金额", "Amount", "欠费金额", "欠款金额", "欠缴金额", "未缴金额", "未收金额", "欠费", "应收未收", "未缴费用", "未交金额", "欠交金额", "待缴金额", "尚欠金额", "所欠金额", "欠费额", "欠费总额", "本期欠费", "应收余额", "欠款", "金额", "欠费合计", "应收金额", "应缴金额", "应交金额", "余额", "amount"), "已收", "已缴", "实收", "滞纳", "违约", "月数", "原因", "本年累计"))),
		noteColumn(),
	}}
}

func mattersLayout() Layout {
	unit := unitColumn(false)
	unit.Words = append(unit.Words, "地点", "报修位置", "报修地点", "发生地点")
	return Layout{Kind: "matters", Label: core.T("报修投诉登记", "Repairs and complaints"), SheetWords: []string{"报修", "投诉", "报事", "工单", "维修登记", "维修记录", "诉求", "受理登记", "matters"}, Any: []string{"time", "handler", "category", "result"}, Columns: []Column{
		seqColumn(), buildingColumn(),
		required(not(col("time", "日期时间", "Time", "日期时间", "登记时间", "报修时间", "受理时间", "投诉时间", "报事时间", "接报时间", "来电时间", "报单时间", "报修日期", "登记日期", "受理日期", "投诉日期", "来电日期", "发生时间", "报修/投诉时间", "报修投诉时间", "日期/时间", "日期", "时间", "time", "date"), "完成", "完工", "办结", "处理", "回访", "预约", "结束", "到场", "派单")),
		unit, nameColumn(false),
		not(col("reporter", "报修/投诉人", "Reported by", "报修/投诉人", "报修人", "投诉人", "报修投诉人", "报事人", "来电人", "反映人", "诉求人", "报单人", "反馈人", "申报人", "报告人", "申请人", "报修客户", "投诉客户", "联系人", "客户联系人", "姓名", "报修*人", "投诉*人", "reporter"), "电话", "手机", "处理", "受理", "维修", "联系方式", "内容"),
		phoneColumn(),
		not(col("category", "类别", "Category", "类别", "事项类别", "报修类别", "事项类型", "报事类型", "诉求类型", "诉求类别", "工单类型", "类型", "分类", "报修/投诉", "性质", "category", "type"), "满意"),
		required(not(col("content", "内容", "Content", "内容", "报修内容", "投诉内容", "报修/投诉内容", "报修投诉内容", "事项内容", "报事内容", "诉求内容", "问题描述", "故障描述", "事项描述", "情况描述", "描述", "具体内容", "问题内容", "诉求", "事件描述", "事件内容", "故障内容", "反馈内容", "报事描述", "维修内容", "服务内容", "报修事项", "投诉事项", "报修投诉事项", "报修/投诉事项", "事由", "故障现象", "反映内容", "工单内容", "事项", "content", "description"), "处理", "回访")),
		not(col("handler", "处理人", "Handler", "处理人", "维修人", "维修人员", "处理人员", "责任人", "承办人", "经办人", "接单人", "跟进人", "跟进人员", "维修工", "维修师傅", "维修员", "维修技工", "技工", "受派人", "办理人", "执行人", "跟单人", "处理员工", "派工人员", "处理*人", "handler"), "电话", "意见", "回访"),
		not(col("done_time", "完成时间", "Done", "完成时间", "办结时间", "完工时间", "处理完成时间", "完成日期", "办结日期", "完工日期", "处理时间", "处理日期", "结束时间", "维修完成时间", "关闭时间", "关单时间", "处理完时间", "处理完毕时间", "办结日", "完成日", "完工日", "done"), "要求", "预计", "计划"),
		not(col("result", "处理结果", "Result", "处理结果", "处理情况", "办理结果", "维修结果", "处理状态", "完成情况", "维修情况", "办理情况", "状态", "处理进度", "办结情况", "跟进情况", "处理措施", "处理过程", "是否完成", "是否办结", "完成状态", "结果", "处理意见", "result", "status"), "回访", "满意"),
		col("followup", "回访", "Follow-up", "回访", "回访情况", "回访结果", "回访记录", "回访意见", "回访/满意度", "满意度", "客户评价", "客户满意度", "满意程度", "客户意见", "回访人/结果", "客户反馈", "回访*", "followup"),
	}}
}
