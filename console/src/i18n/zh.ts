import type { Text } from './en';

export const zh: Text = {
  common: {
    readOnly: '此密钥只读', close: '关闭', cancel: '取消', ok: '确定', retry: '重试', requestId: '请求 ID',
    pages: '分页', previous: '上一页', next: '下一页', search: '搜索', loading: '加载中…',
    range: (from, until, total) => `第 ${from}–${until} 条，共 ${total} 条`,
    copied: '已复制', copyFailed: '浏览器不允许复制', copy: (what) => `复制 ${what}`, copyVerb: '复制',
    tags: '标签', tagKey: '键', tagValue: '值', addTag: '添加标签', tagNeedsKey: '标签键不能为空', tagTwice: '标签键不能重复', editTags: '编辑标签',
    remove: '移除', modify: '修改', delete: '删除', saved: '已保存', deleted: '已删除', createdDone: '已创建',
    name: '名称', description: '描述', created: '创建时间', updated: '更新时间', actions: '操作', status: '状态', time: '时间', basic: '基本信息',
    nothingFound: '没有找到', choose: '请选择', minutes: '分钟', seconds: '秒',
    yes: '是', no: '否',
    shown: (rows, more) => (more ? `已加载 ${rows} 条，下方还有` : `共 ${rows} 条`), sortedAmong: '在已加载的条目中排序', more: '加载更多',
  },
  shell: {
    menu: '菜单', region: '服务区域', skip: '跳到正文', dark: '深色', light: '浅色', signOut: '退出登录',
    live: '实时', liveLong: '变化即时推送', polling: '轮询', pollingLong: '暂无服务器事件，列表每隔几秒刷新',
    signedInAs: (id) => `已用 ${id} 登录`, readOnly: '此密钥只读：所有修改操作均不可用。', nowhere: '页面不存在',
  },
  menu: {
    overview: '概览', start: '入门示例', resources: '资源', hosts: '主机', assets: '生成包', fleets: '服务器舰队', aliases: '别名', queues: '游戏服务器队列',
    operate: '运维', update: '不停服更新', placements: '放置', monitoring: '监控', statistics: '数据统计', develop: '开发', explorer: '云 API 调试', keys: '访问密钥',
  },
  regions: {
    'ap-shanghai': '上海', 'ap-guangzhou': '广州', 'ap-beijing': '北京', 'ap-chengdu': '成都', 'ap-nanjing': '南京', 'ap-chongqing': '重庆',
    'ap-hongkong': '中国香港', 'ap-singapore': '新加坡', 'ap-mumbai': '孟买', 'ap-seoul': '首尔', 'ap-tokyo': '东京', 'ap-bangkok': '曼谷',
    'na-siliconvalley': '硅谷', 'na-ashburn': '弗吉尼亚', 'na-toronto': '多伦多', 'eu-frankfurt': '法兰克福', 'eu-moscow': '莫斯科', 'sa-saopaulo': '圣保罗',
  },
  signIn: {
    title: 'OpenGSE 控制台', lead: '使用 API 密钥登录。密钥只用于换取短期会话，不会保存在浏览器中。', over: '会话已结束，请重新登录，登录后回到原页面。', submit: '登录',
    where: '首个密钥在服务器数据目录的 credentials.toml 中；gse dev 还会在其中的 console-link 写入一个一次性登录链接。',
  },
  status: {
    NEW: '新建', DOWNLOADING: '下载中', VALIDATING: '验证中', BUILDING: '生成中', ACTIVATING: '激活中', ACTIVE: '活跃', ERROR: '异常', DELETING: '删除中', TERMINATED: '终止',
    TERMINATING: '终止中', Pending: '启动中', Active: '活跃', Terminating: '终止中', PENDING: '等待中', FULFILLED: '已放置', TIMED_OUT: '已超时', CANCELLED: '已取消', FAILED: '失败',
    RESERVED: '已预留', COMPLETED: '已结束', TIMEDOUT: '已超时', UPLOADING: '上传中', UPLOAD_FAILED: '上传失败', UPLOADED: '上传成功', ENABLED: '已启用', DISABLED: '已禁用', ENDING: '结束中',
    WAITING: '等待中', GRANTED: '已放置', REFUSED: '已拒绝', RUNNING: '运行中', DRAINING: '排空中', DRAINED: '已排空', STAYING: '运行中',
    CONNECTED: '已连接', DISCONNECTED: '未连接', SILENT: '无响应', LOST: '已失联', STARTING: '启动中', LEAVING: '正在移除', OPEN: '可用', CORDONED: '已停止调度', UNUSED: '未使用', USED: '已使用',
  },
  overview: {
    lead: (region) => `${region} 的实时状态`, active: (count) => `${count} 个活跃`, starting: (count) => `${count} 台启动中`, free: (count) => `${count} 个空闲`,
    changes: '每秒放置数', freeShare: '空闲', none: '还没有服务器舰队', noneLong: '入门示例可以一键用示范游戏创建一个。',
    running: '进行中', room: '进程', wanted: (percent) => `缓冲 ${percent}%`, all: (count) => `全部 ${count} 个舰队`, perSession: (count) => `平均每会话 ${count.toFixed(1)} 人`,
  },
  alias: {
    lead: '别名指向当前使用的服务器舰队。修改指向后，新的会话立即进入新舰队。', nameAndId: '名称 / ID', target: '指向', terminal: '终止别名', simple: '常规别名', simpleHint: '会话进入关联的服务器舰队', terminalHint: '不再分配会话，调用方收到终止信息', move: '更新', create: '新建别名', search: '按名称搜索', none: '还没有别名',
    noneLong: '有了别名，游戏后台无需知道正在使用哪个舰队，更新也不影响玩家。', type: '类型', fleet: '关联服务器舰队', noFleets: '还没有服务器舰队，请先创建', message: '终止信息', messageHint: '原样返回给调用方', needsName: '请填写名称', needsFleet: '请选择服务器舰队', needsMessage: '请填写终止信息',
    movedWarning: '确定后，新的会话立即按新的指向分配；正在进行的会话不受影响。', modifyTitle: (name) => `修改 ${name}`, deleteTitle: (name) => `删除别名 ${name}？`, deleteAffects: '之后通过此别名创建会话会被拒绝；正在进行的会话不受影响；引用它的队列会失去该目标。',
    history: '变更历史', from: '原指向', to: '新指向', by: '密钥', noHistory: '尚未变更过', noHistoryLong: '每次变更及其操作密钥都会记录在这里。', rollback: '回滚', rollbackTitle: (name) => `回滚 ${name}？`, rollbackAffects: '新的会话将回到上一次变更前的指向，正在进行的会话不受影响：', rolledBack: '已回滚',
    order: '排序', orders: { desc: '创建时间从新到旧', asc: '创建时间从旧到新' },
  },
  fleet: {
    lead: '运行同一版本游戏的服务器，随需求自动扩缩容。', nameAndId: '名称 / ID', instances: '实例数', sessions: '游戏服务器会话', players: '玩家', asset: '生成包', instanceType: '服务器类型', create: '新建服务器舰队', none: '还没有服务器舰队', noneLong: '舰队运行生成包。请上传自己的生成包，或用入门示例创建一个。', instancesLong: (min, max) => `最小 ${min}，最大 ${max}`,
    deleteTitle: (name) => `删除服务器舰队 ${name}？`, deleting: '正在删除服务器舰队', deleteAffects: '其实例会被移除，进程会被结束。此操作不可撤销。', deleteSessions: (sessions, players) => `仍有 ${sessions} 个会话、${players} 名玩家。有会话的舰队不能删除，请等待会话结束。`, related: '关联资源', relatedNone: '没有别名或队列指向它。', relatedAliases: '有别名指向的舰队不能删除，请先修改别名。',
    copyTitle: (name) => `复制 ${name}`, copyLead: '副本使用相同的生成包和配置。', copyCount: '复制数量', copyCountRange: '复制数量为 1 到 100', copyScaling: '复制扩缩容配置', copyTimers: '复制定时器', copyChange: '修改更多配置后复制…', nameRange: '1 到 50 个字符', descriptionRange: '描述最多 100 个字符', gone: '该服务器舰队不存在。', monitor: '查看监控', sessionsHint: '占用进程', playersHint: (max) => `共 ${max} 个席位`, buffer: '缓冲', bufferHint: '保持空闲的比例',
    tabs: { basic: '基本信息', events: '事件', instances: '实例列表', scaling: '扩缩容', sessions: '游戏服务器会话', processes: '进程管理', ports: '端口和协议', package: '生成包' }, protection: '保护策略', protections: { NoProtection: '不保护', TimeLimitProtection: '时限保护', FullProtection: '完全保护' },
    protectionHint: '进程需要结束时如何处理正在进行的会话：最多 5 分钟后结束、到设定时间后结束，或永不强制结束', protectionMinutes: '保护时间', protectionRange: '保护时间为 5 到 1440 分钟', os: '操作系统', creatorLimit: '单个创建者的会话限制', creatorLimitValue: (count, minutes) => `${minutes} 分钟内 ${count} 个`, unlimited: '无限制', bandwidth: '公网出带宽', minutes: (count) => `${count} 分钟`,
    editTitle: (name) => `修改 ${name}`, eventCode: '编码', eventMessage: '信息', downloadLog: '下载日志', eventFilter: '事件编码', noEvents: '没有事件', needsAsset: '请选择生成包', needsType: '请选择服务器类型', creatorBoth: '会话数和时间需同时填写或同时留空', bandwidthRange: '1 到 200 Mbps', ccnBoth: '云联网需要数字账号 ID 和云联网 ID', noAssets: '还没有生成包，请先上传', ccnAccount: '账号 ID', ccnId: '云联网 ID', capacityLater: '新舰队有一台实例，最大一台。实例范围、缓冲和定时器在创建后的“扩缩容”中设置。',
    sectionBasic: '基本信息', sectionProcesses: '进程管理', sectionDeployment: '部署配置', sectionNetwork: '网络', sectionSessions: '会话', perCreator: '每个创建者的新会话数', period: '时间范围',
    resourceType: '资源类型', noImages: '镜像仅适用于云服务器：这里的实例共用主机，运行生成包。', systemDisk: '系统盘', dataDisks: '数据盘', addDisk: '添加数据盘', disks: '磁盘', diskType: '磁盘类型', diskSize: '磁盘大小', diskTypes: { CLOUD_PREMIUM: '高性能云硬盘', CLOUD_SSD: 'SSD 云硬盘' }, diskHint: (min, max, step) => `${min} 到 ${max} GB${step > 1 ? `，步长 ${step}` : ''}`, diskRange: '磁盘大小超出范围，请按提示修改', disksStored: '按 API 保存在舰队属性中；在自有主机上，实际空间取决于主机。', ccn: '关联云联网', ccnHint: '按 API 保存在舰队属性中；主机网络由您自行管理。',
    ccnAttach: '立即关联', ccnDetach: '解除关联', ccnDetachAffects: (id) => `舰队不再关联 ${id}，其服务器和会话不受影响。`, copyCcn: '复制云联网关联', diskValue: (type, size) => `${type} ${size} GB`,
  },
  drain: {
    sentence: ({ drained, draining, sessions, instances, samples, estimated, forced }) => {
      if (drained) return '舰队已空。';
      if (sessions === 0) return `没有会话：${instances} 台实例${draining ? '将' : '会'}被移除。`;
      const guess = estimated ? '可依据历史会话估计排空时间' : samples === 0 ? '还没有会话在此结束，无法估计排空时间' : '有的会话比所有历史会话都长，无法估计排空时间';
      return `${instances} 台实例上还有 ${sessions} 个会话；${guess}，${forced ? '到期仍未结束的会被强制结束' : '不会强制结束'}。`;
    },
    drain: '排空', undrain: '取消排空', title: (name) => `排空 ${name}？`, again: '修改排空选项', againTitle: (name) => `修改 ${name} 的排空选项`, done: '正在排空', undone: '已取消排空',
    affects: (sessions, players) => `不再接受新的会话。正在进行的 ${sessions} 个会话、${players} 名玩家不受影响，实例在会话结束后移除，不受最小实例数限制。`,
    alias: (id) => `别名 ${id} 指向此舰队，请先修改别名。有别名指向的舰队不能排空。`,
    denyJoins: '同时不允许新玩家加入', denyJoinsHint: '排空期间，进行中的会话不再接受新玩家', deadline: '强制结束时限', deadlineHint: '留空表示不强制结束', deadlineRange: '时限为 1 到 43200 分钟', deleteWhenEmpty: '排空后删除舰队',
    deadlineAffects: (minutes) => `${minutes} 分钟后剩余会话全部结束，受保护的对局也不例外，玩家会断开连接。提前 5 分钟通知游戏。`, noForce: '不会强制结束任何会话。',
    undrainTitle: (name) => `取消排空 ${name}？`, undrainAffects: '恢复接受会话和扩缩容。已通知结束的实例和进程仍会结束，并由新的代替。', since: '开始排空', options: '选项', joinsDenied: '不允许新玩家加入', deletes: '排空后删除', deadlineAt: '强制结束时间',
    likely: '预计排空', would: '若排空，预计', p90: '90% 概率', latest: '最迟', never: '不强制结束', unknown: '暂时无法估计', within: (left) => `${left} 后`, left: '剩余', leftValue: (sessions, players, instances) => `${sessions} 个会话，${players} 名玩家，${instances} 台实例`,
    basis: (samples) => (samples === 0 ? '还没有会话在此结束' : `依据 ${samples} 个历史会话`), pace: '按切换后的速度估计', told: '已通知结束', instances: '剩余实例', none: '没有剩余实例', drainOld: (name) => `排空 ${name}`, undrainOld: (name) => `取消排空 ${name}`,
    backUndrains: '旧舰队正在排空：切回时会先取消排空。',
  },
  instance: {
    cpu: '已用 vCPU', memory: '已用内存', limit: (most) => `上限 ${most}`,
    id: '实例 ID', processes: '健康 / 活跃进程', weight: '权重', reserved: '已保留', reserve: '保留', release: '取消保留', runTime: '运行时间', logs: '日志', access: '登录', accessTitle: (id) => `登录 ${id}`, accessLead: '主机私钥可以打开该机器上的一切，请勿外传；主机管理员可以更换它。', accessShow: '显示私钥', accessKey: '私钥', accessUser: '用户名', filter: 'IP 地址', none: '没有实例', noneLong: '在“扩缩容”中提高期望数量，或设置缓冲让舰队自动扩容。', weightTitle: (id) => `${id} 的权重`, weightHint: '0 到 10：权重越高分到的会话越多，0 表示不再分配新会话', weightRange: '权重为 0 到 10',
    reserveTitle: (id) => `保留 ${id}？`, releaseTitle: (id) => `取消保留 ${id}？`, reserveAffects: (sessions) => `保留以便排查：不会被缩容，也不再分配新会话。其 ${sessions} 个会话继续进行。`, releaseAffects: '恢复分配新会话，并可能被缩容。', logsTitle: (id) => `${id} 的日志`, noLogs: '还没有日志', noLogsLong: '实例准备过程和已结束会话的日志会出现在这里。',
  },
  scaling: {
    title: '扩缩容', mode: '调节方式', automatic: '自动调节', manual: '手动调节', automaticHint: '在实例范围内自动扩缩容', manualHint: '以期望数量为准', range: '实例范围', desired: '期望数量', now: '当前', nowValue: (active, pending, ending, idle) => `活跃 ${active}（空闲 ${idle}），启动中 ${pending}，终止中 ${ending}`, buffer: '游戏服务器会话缓冲', interval: '扩缩容冷却时间', noPolicy: '已开启自动调节，但没有设置策略：设置缓冲后，舰队会保持该比例的会话空闲。',
    modifyTitle: '修改扩缩容', min: '最小', max: '最大', bufferHint: '1 到 99，留空表示不设置', intervalHint: '两次调节之间，3 到 30', rangeProblem: '请填写整数，最小不能大于最大', desiredProblem: '期望数量必须在实例范围内', bufferProblem: '缓冲为 1% 到 99%', free: '最少空闲会话', freeHint: '与缓冲比例取较大者', freeProblem: '最少空闲会话为 0 到 100000，并且需要设置缓冲', keepOne: '无人时保留一台实例', keepOneHint: '关闭后可缩到最小值，甚至没有实例；之后来的玩家需等待第一台实例启动',
    bufferValue: (percent, free, keepOne) => [`${percent}%`, ...(free > 0 ? [`至少 ${free} 个会话空闲`] : []), ...(keepOne ? [] : ['无人时不保留实例'])].join('，'), intervalProblem: '冷却时间为 3 到 30 分钟', failedFleet: '首次部署失败：只能手动设置 0 到 1 台实例。', shrinks: (count) => `当前实例比新的最大值多 ${count} 台，将按保护策略缩容。`,
    rules: '规则策略', addRule: '新增规则', rule: '规则', noRules: '没有规则', noRulesLong: '当指标越过阈值时，规则会改变实例数。', deleteRule: (name) => `删除规则 ${name}？`, deleteRuleAffects: '舰队不再按此规则调节；已运行的实例保持不变。', metric: '指标', comparison: '比较', threshold: '阈值', periods: '持续', adjustmentType: '调整方式', adjustment: '数量', adjustments: { ChangeInCapacity: '增减', ExactCapacity: '设为', PercentChangeInCapacity: '按百分比增减' },
  },
  timer: {
    title: '定时变更扩缩容策略', add: '新增', when: '执行时间', sets: '策略', setsValue: (min, max, desired) => `${min}–${max}，期望 ${desired}`, none: '没有定时器', noneLong: '定时器在设定的时间调整容量：晚间多一些，夜里少一些。', kinds: { '1': '单次', '2': '按天', '3': '按月', '4': '按周' }, states: { '1': '未生效', '2': '生效中', '3': '已停止', '4': '已过期' }, cycle: '重复周期', everyDays: '每隔几天', weekDays: '星期', days: ['周一', '周二', '周三', '周四', '周五', '周六', '周日'],
    fromDay: '从几号', toDay: '到几号', begin: '执行开始时间', end: '结束时间', endHint: '留空表示不结束', bufferHint: '留空则以期望数量为准', needsBegin: '请填写开始时间', needsDays: '请至少选择一天', monthProblem: '日期为 1 到 31，起始不能晚于结束', intervalProblem: '冷却时间为 1 到 30 分钟', deleteTitle: (name) => `删除定时器 ${name}？`, deleteAffects: '不再执行；已设置的容量保持不变。', modifyTitle: (name) => `修改定时器 ${name}`,
  },
  session: {
    one: '会话', create: '创建游戏服务器会话', nameAndId: '名称 / ID', address: '地址', runDuration: '运行时长', join: '加入', end: '结束', statusFilter: '状态', allStates: '全部状态', filter: '过滤表达式', filterWrong: (at) => `从第 ${at} 个字符起不是有效的过滤表达式`, none: '没有会话', noneLong: '在这里创建，或通过 API 用此舰队或指向它的别名创建。', playersRange: '一个会话最多 200 名玩家', maxPlayers: '最大玩家数', data: '会话数据', dataHint: '原样传给游戏',
    endTitle: (name) => `结束会话 ${name}？`, endAffects: (players) => `${players} 名玩家将断开连接，其进程会结束，并由新的进程代替。`, ended: '会话正在结束', joinTitle: (name) => `加入 ${name}`, joined: '席位保留一分钟，请尽快连接。', policy: '新玩家', creator: '创建者', properties: '属性', playersTitle: '玩家会话', noPlayers: '还没有玩家加入',
    modifyTitle: (name) => `修改会话 ${name}`, policies: { ACCEPT_ALL: '允许加入', DENY_ALL: '不允许加入' }, unchanged: '不变',
  },
  process: {
    configuration: '启动配置', activationTimeout: '游戏服务器会话激活超时', maxActivations: '最大并发启动会话数', maxActivationsHint: '单台实例；留空表示无限制', seconds: (count) => `${count} 秒`, path: '启动路径', pathHint: '以 /local/game/ 或 C:\\game\\ 开头', parameters: '启动参数', concurrent: '允许并发进程数', modifyTitle: '修改启动配置', modifyAffects: '路径和参数不变的进程不受影响；其他进程在对局结束后由新进程代替。', needsPath: '请填写启动路径', pathPrefix: '启动路径须以 /local/game/ 或 C:\\game\\ 开头', countRange: '每行至少 1 个进程，单台实例最多 50 个', timeoutRange: '激活超时为 1 到 600 秒', addRow: '添加进程',
    live: '当前进程', id: '进程 ID', unhealthy: '不健康', idle: '空闲', end: '结束', endTitle: (id) => `结束进程 ${id}？`, endAffects: '通知进程结束，并由新的进程代替。', endBusy: (id) => `它正在运行会话 ${id}：进程结束时玩家会断开连接。`, force: '立即强制结束', ending: '进程正在结束', none: '没有运行中的进程',
    activationsRange: '最大并发启动会话数为 1 到 20000，或留空',
  },
  port: {
    rules: '端口和协议', from: '起始端口', to: '结束端口', ports: '端口范围', protocol: '协议', ipRange: 'IP 地址范围', add: '添加规则', needsOne: '至少需要一条规则', range: '端口为 1025 到 60000，起始不能大于结束', cidr: 'IP 地址范围的格式如 0.0.0.0/0', none: '没有规则', modifyTitle: '修改端口和协议', modifyAffects: '使用被关闭端口的进程会在对局结束后被替换。',
  },
  update: {
    lead: '把别名指向新版本。正在进行的会话留在原处，玩家不会断线。', pickAlias: '别名', pickFleet: '新舰队', noOther: '没有其他舰队，请先创建新版本', isTerminal: '这是终止别名，没有指向任何舰队。请先修改它。', old: '旧舰队', new: '新舰队', chooseNew: '请选择新舰队', chooseNewLong: '选择后与旧舰队并排显示，数字实时更新。', moveTitle: '切换', movedTitle: '已切换', movedLong: (name, sessions) => `新的会话进入 ${name}。旧舰队上的 ${sessions} 个会话继续进行直到结束。`, growing: (count) => `正在扩容到 ${count} 台`, grow: (count) => `先扩容到 ${count} 台`,
    move: (name) => `将别名切换到 ${name}`, moveBack: (name) => `切回 ${name}`, movedBack: '已切回', moved: '别名已切换', cleanUp: '旧舰队已空：可以缩容或删除', aliasHere: '别名指向这里', drain: '会话变化', remaining: '旧舰队剩余会话', eta: '预计排空', drained: '已排空', etaUnknown: '暂时无法估计', etaUnknownLong: '切换后还没有会话结束', confirmTitle: (name) => `切换 ${name}？`, confirm: '切换', affectsNew: (name) => `通过此别名创建的新会话立即进入 ${name}。`, affectsOld: (sessions, players, name) => `${name} 上的 ${sessions} 个会话、${players} 名玩家不受影响。`,
    ready: '新舰队可以承载全部负载。', grows: (count) => `新舰队目前有余量，并会自动扩容到 ${count} 台。`, short: (free, needed, count) => `新舰队无法承载当前负载：空闲 ${free}，需要 ${needed}。需要 ${count} 台实例。`, notActive: '新舰队不是活跃状态，无法在其上创建会话。', isDraining: '新舰队正在排空，请先取消排空再切换别名。', noProcesses: '新舰队没有运行进程。',
    chooseAlias: '请选择玩家使用的别名', chooseAliasLong: '随后会显示它的指向；选择新版本的舰队后，如果新舰队承载不了当前负载会有提示。进行中的会话始终不受影响。',
  },
  start: {
    lead: '四步从零到两个浏览器页面互相聊天。', all: '一键完成第 1 到 3 步', again: '重新开始', gone: '此示例的舰队已不存在，请重新开始。', upload: '上传示范包', uploaded: (id) => `生成包 ${id} 已创建。`, uploadLong: '一个已集成 GSE 协议的聊天室。您自己的游戏也是这样的 zip 包。', uploadButton: '一键上传示范包', fleet: '创建服务器舰队', fleetDone: (id) => `创建服务器舰队 ${id} 成功。`, fleetLong: '一台实例，十个进程，每个进程可运行一个会话。', fleetButton: '一键创建服务器舰队', session: '创建游戏服务器会话', sessionDone: '会话已创建。', sessionLong: '一个会话是一场对局：这里是一个八人聊天室。', sessionButton: '创建游戏服务器会话', connect: '客户端连接游戏服务器',
    connectLong: '每次点击都会创建玩家会话并打开聊天页面。打开两个页面即可互相聊天。', newSession: '再创建一个会话', open: (number) => `以玩家 ${number} 打开客户端网页`, minute: '席位保留一分钟，超时后请重新打开。', blocked: '浏览器阻止了新页面，请点击打开：', states: { done: '已完成', now: '进行中', later: '等待中' }, next: '接下来：不停服更新', nextLong: '把示范游戏的第 2 版放进另一个舰队，与第 1 版并行运行，并打开更新页面，别名仍指向第 1 版。上面的聊天页面全程保持连接。', nextButton: '准备第 2 版', failed: '创建服务器舰队失败，原因见事件：',
  },
  asset: {
    lead: '游戏的 zip 包。zip 根目录的内容会成为 /local/game。', nameAndId: '名称 / ID', version: '生成包版本', size: '大小', fleets: '关联舰队数', create: '新建生成包', none: '还没有生成包', noneLong: '把服务器目录打成 zip（文件位于根目录），在这里上传。', editTitle: (name) => `编辑 ${name}`, nameRange: '名称和版本为 1 到 64 个字符', deleteTitle: (name) => `删除生成包 ${name}？`, inUse: (count) => `仍有 ${count} 个舰队在使用它，请先删除这些舰队。`, deleteAffects: '生成包会被移除。没有舰队在使用它。', needsFile: '请选择文件', zipOnly: '必须是 zip 文件', file: '上传代码', fileHint: 'zip 包；根目录的 install.sh 会在每台实例上运行一次', progress: '上传进度', stop: '停止上传',
    exact: '完整名称',
  },
  queue: {
    lead: '把对局放置到多个地域中最合适的舰队。', create: '新建队列', identifier: '标识符', timeout: '分配超时时间', latency: '延迟策略', targets: '目标', place: '放置', none: '还没有队列', noneLong: '有了队列，对局会进入第一个延迟满足要求且有空位的目标。', deleteTitle: (name) => `删除队列 ${name}？`, deleteAffects: '其中等待的放置立即失败；正在进行的会话不受影响。', identifierRule: '字母、数字和连字符，以字母开头', timeoutRule: '超时时间为 1 到 600 秒', latencyRule: '后面的延迟必须高于前面的', needsTarget: '至少需要一个目标', modifyTitle: (name) => `修改队列 ${name}`, maxLatency: '最长玩家延迟', forSeconds: '持续', rest: '剩余时间', addPolicy: '添加策略', addTarget: '添加目标', up: (what) => `上移 ${what}`, down: (what) => `下移 ${what}`,
  },
  placement: {
    lead: '放置的结果及其原因。', start: '开始放置', none: '查询哪个放置？', noneLong: '输入后台发起放置时使用的 ID，或在这里发起。', stop: '停止', started: '开始时间', ended: '结束时间', startedDone: '已开始', why: '原因', destination: '目标', reason: '原因', latency: '延迟 / 上限', idle: '空闲 / 活跃进程', noDecision: '还没有考虑任何目标', reasons: { CHOSEN: '已选择', NOT_ASKED: '未询问', NO_IDLE_PROCESS: '没有空闲进程', LATENCY_TOO_HIGH: '延迟过高', LATENCY_UNKNOWN: '延迟未知', ALIAS_NOT_FOUND: '别名不存在', ALIAS_TERMINAL: '终止别名', FLEET_NOT_FOUND: '舰队不存在', FLEET_NOT_ACTIVE: '舰队不活跃', FLEET_DRAINING: '舰队排空中', ID_TAKEN: 'ID 已被使用', CREATOR_LIMIT: '创建者限制' },
    needsId: '请填写放置 ID', needsQueue: '请选择队列', players: '预留席位的玩家', playersHint: '玩家 ID，以空格或逗号分隔',
  },
  monitoring: {
    lead: '全部指标，每分钟一个采样点，并显示当前值。', period: '时间范围', hours: (count) => `最近 ${count} 小时`, longer: '数据在内存中保留 24 小时，服务器重启后重新开始；更长时间请用 Prometheus 采集 /metrics。',
    metrics: {
      ActiveInstances: '活跃实例数', DesiredInstances: '期望实例数', IdleInstances: '空闲实例数', PercentIdleInstances: '空闲实例占比', MinInstances: '最小实例数', MaxInstances: '最大实例数', ActiveGameServerSessions: '活跃的游戏服务器会话数', ActivatingGameServerSessions: '激活中的游戏服务器会话数', AvailableGameServerSessions: '可用的游戏服务器会话数', PercentAvailableGameServerSessions: '可用的游戏服务器会话占比',
      CurrentPlayerSessions: '活跃的玩家会话数', PlayerSessionActivations: '转化为活跃的玩家会话数', ActiveServerProcesses: '活跃服务器进程数', HealthyServerProcesses: '健康服务器进程数', PercentHealthyServerProcesses: '健康服务器进程占比', ServerProcessActivations: '转化为活跃的服务器进程数', ServerProcessTerminations: '关闭的服务器进程数', ServerProcessAbnormalTerminations: '异常关闭的服务器进程数', NoInstances: '购买失败实例数',
      QueueDepth: '队列深度', AverageWaitTime: '放置等待平均时长', PlacementsStarted: '新放置数', PlacementsSucceeded: '成功放置数', PlacementsFailed: '失败放置数', PlacementsCanceled: '取消放置数', PlacementsTimedOut: '超时放置数', FirstChoiceNotViable: '首选非可用放置数', FirstChoiceOutOfCapacity: '首选无可用资源放置数', LowestLatencyPlacement: '最低延迟地域放置数',
      CpuUsage: 'CPU 使用率', CpuLoadavg: 'CPU 平均负载', MemUsed: '内存使用量', MemUsage: '内存使用率', TcpCurrEstab: 'TCP 连接数', WanOuttraffic: '外网出带宽', WanIntraffic: '外网入带宽', WanOutpkg: '外网出包量', WanInpkg: '外网入包量', AccOuttraffic: '外网出流量',
    },
    types: { FLEET: '服务器舰队', QUEUE: '游戏服务器队列', INSTANCE: '实例' }, noData: '该时间段内没有数据', traffic: '只有独占主机的实例才有流量数据。代理每 10 秒测量一次。', placementsIn: (region) => `${region}放置数`,
  },
  statistics: {
    lead: '服务器时长和流量，按 UTC 日统计。', hours: '服务器小时数', begin: '开始时间', end: '结束时间', flow: '运行流量', allFleets: '全部舰队', from: '从', until: '到', total: '服务器时长', totalFlow: '网络流量', history: '历史列表', download: '下载', none: '该时间段内没有记录',
    reading: (read, total) => `${read} / ${total} …`, downloaded: (rows) => `已下载 ${rows} 行`, cutShort: (rows, total) => `仅下载前 ${rows} 行（共 ${total} 行），其余请缩短时间范围`,
  },
  key: {
    lead: '密钥用于签名 API 请求和登录控制台。', hidden: '此密钥不能查看', hiddenLong: '只有拥有全部权限的密钥才能查看密钥列表。', create: '新建密钥', rights: '权限', readOnly: '只读', full: '全部', readOnlyHint: '可以查看全部，不能修改', source: '来源', sources: { ROOT: '首个密钥', FILE: 'credentials.toml', API: '控制台或 API' }, lastUsed: '最近使用', rotate: '轮换', disable: '禁用', enable: '启用', fixed: '在文件中管理', none: '没有密钥', missing: '此服务器不支持管理密钥', missingLong: '密钥在其 credentials.toml 中。',
    disableTitle: (id) => `禁用 ${id}？`, enableTitle: (id) => `启用 ${id}？`, disableAffects: '之后用它签名的请求都会被拒绝；可以重新启用。', enableAffects: '用它签名的请求会重新被接受。', own: '这是您当前登录使用的密钥。', deleteTitle: (id) => `删除 ${id}？`, deleteAffects: '之后用它签名的请求会被永久拒绝。', rotateTitle: (id) => `轮换 ${id}`, rotateLead: '创建一个权限相同的新密钥；旧密钥在您禁用之前继续有效。', rotateNext: (id) => `请立即复制，只显示一次。交给使用 ${id} 的程序后，再禁用旧密钥。`, once: '请立即复制，只显示一次。', kept: '我已保存',
  },
  host: {
    lead: '运行游戏服务器的机器。', nameAndId: '名称 / ID', region: '区域 / 标签', everyRegion: '全部区域', instances: '实例数', resources: 'vCPU / 内存', notStated: '未声明', load: '会话 / 玩家', system: '沙箱 / 证书', noSandbox: '无沙箱', inside: 'gse dev 内置', silentFor: (time) => `已 ${time} 无响应`, memory: (used, all) => `${used}/${all} GiB`, cpus: (used, all) => `${used}/${all} vCPU`, foreign: (count) => `已拒绝 ${count} 条关于其他主机的上报`,
    add: '添加主机', none: '还没有主机', noneLong: '在这里创建令牌，然后在机器上用它启动 agent。完整步骤见', docs: 'docs/hosts.zh-CN.md', cordon: '停止调度', uncordon: '恢复调度', drain: '排空', remove: '移除',
    cordonTitle: (name) => `停止向 ${name} 调度？`, cordonAffects: '不再分配新的实例，正在运行的不受影响。', uncordonTitle: (name) => `恢复向 ${name} 调度？`, uncordonAffects: '重新接受实例；尚未开始排空的实例保留。',
    drainTitle: (name) => `排空 ${name}？`, drainAffects: (instances, sessions, players) => `其 ${instances} 台实例（${sessions} 个会话、${players} 名玩家）会在有实例接替后逐个离开。不会结束任何对局，保护策略有效；已保留的实例不动。`,
    removeTitle: (name) => `移除 ${name}？`, removeAffects: (instances) => `其证书立即失效，连接断开，${instances} 台实例在其他主机上重建。此后无法再控制该机器，请停止其 agent。`, removeSessions: (sessions, players) => `仍有 ${sessions} 个会话、${players} 名玩家。有会话时会被拒绝：请先排空，或强制结束。`, force: '强制结束这些会话', forceHint: '会话以 ERROR 结束，玩家断开连接', removed: '已移除',
    tokens: '注册令牌', token: '令牌', noTokens: '没有令牌', noTokensLong: '一个令牌只允许一台机器注册一次。已过期的不显示。', usedBy: '主机', expires: '过期时间', ttl: '有效期', ttls: { '600': '10 分钟', '3600': '1 小时', '86400': '1 天', '604800': '7 天' }, bind: '限定区域', bindNone: '不限：由主机自行声明',
    deleteTitle: (id) => `删除令牌 ${id}？`, deleteAffects: '之后不能再用它注册；已用它注册的主机不受影响。', once: '请立即复制命令，令牌只显示一次，仅供一台机器注册。', address: '服务器地址（从该机器访问）', addressHint: 'link_listen 的主机和端口', capacity: '可运行的实例数', commands: '在该机器上执行', copyCommands: '复制命令', copyToken: '复制令牌', kept: '完成',
  },
  explorer: {
    lead: '全部 API：由模型生成的表单、在线调用，以及对应的代码。', actions: '接口', search: '搜索接口', extensions: '扩展接口', choose: '请选择接口', chooseLong: '表单会显示在这里。', noParameters: '此接口没有参数。', clear: '清空', send: '发起调用', answer: '响应结果', request: '请求', call: '在线调用', took: (ms) => `耗时 ${ms} 毫秒`, notYet: '尚未调用，将发送：', addItem: '添加', obsolete: '已废弃', really: '此操作会修改服务器。将发送：',
    problems: { required: '必填', number: '请填写整数', range: (low, high) => `范围 ${low} 到 ${high}`, length: (low, high) => `${low} 到 ${high} 个字符`, items: (low, high) => `${low} 到 ${high} 项`, enum: (words) => `可选值：${words}`, oneOf: (sets) => `以下至少填写一项：${sets}` },
  },
  errors: {
    Network: { title: '服务器没有响应', advice: '请确认服务器正在运行且网络可达，然后重试。' }, InvalidResponse: { title: '响应无法识别', advice: '可能是中间的代理返回了内容。请刷新页面。' }, Client: { title: '页面出错', advice: '请刷新页面；若再次出现，请反馈操作步骤。' }, UploadFailed: { title: '上传被拒绝', advice: '请重试，会重新获取上传授权。' }, Aborted: { title: '上传已停止', advice: '准备好后可以重试。' },
    AuthFailure: { title: '验证失败', advice: '请检查 SecretId 和 SecretKey；已禁用的密钥不能登录。' }, 'AuthFailure.UnauthorizedOperation': { title: '没有权限', advice: '此密钥不能执行该操作，请使用可写的密钥。' }, 'AuthFailure.SessionOver': { title: '会话已结束', advice: '请重新登录。' }, UnauthorizedOperation: { title: '没有权限', advice: '此密钥不能执行该操作，请使用可写的密钥。' },
    FailedOperation: { title: '操作失败', advice: '原因见上方信息。' }, InternalError: { title: '服务器内部错误', advice: '请重试；若持续出现，请用请求 ID 查看服务器日志。' }, InvalidAction: { title: '服务器不支持此接口', advice: '服务器版本可能较旧，请升级。' }, InvalidParameter: { title: '参数错误', advice: '请按上方信息修改。' }, InvalidParameterValue: { title: '参数取值错误', advice: '请按上方信息修改。' }, MissingParameter: { title: '缺少参数', advice: '请补充参数。' }, UnknownParameter: { title: '未知参数', advice: '请去掉该参数。' },
    LimitExceeded: { title: '超过配额', advice: '请删除不再需要的资源，或在服务器配置中提高限额。' }, RequestLimitExceeded: { title: '请求过于频繁', advice: '请稍后重试。' }, ResourceInUse: { title: '资源正在使用', advice: '请先解除上方信息中的依赖。' }, ResourceInsufficient: { title: '资源不足', advice: '请提高舰队的最大实例数，或等待会话结束。' }, ResourceNotFound: { title: '资源不存在', advice: '它可能已被删除，或在其他区域。' }, ResourceUnavailable: { title: '资源暂不可用', advice: '原因见上方信息：舰队可能尚未活跃，或别名已终止。' },
    UnsupportedOperation: { title: '不支持的操作', advice: '原因见上方信息。' }, UnsupportedRegion: { title: '服务器不支持此区域', advice: '请在顶部选择其他区域。' }, Unknown: { title: '请求被拒绝', advice: '原因见上方信息。' },
  },
};
