const plural = (count: number, one: string, many = `${one}s`) => `${count} ${count === 1 ? one : many}`;

/** What a sentence about a drain is made of. */
interface Drained {
  drained: boolean;
  draining: boolean;
  sessions: number;
  instances: number;
  samples: number;
  estimated: boolean;
  forced: boolean;
}

export const en = {
  common: {
    readOnly: 'This key may only look', close: 'Close', cancel: 'Cancel', ok: 'OK', retry: 'Try again', requestId: 'Request',
    pages: 'Pages', previous: 'Previous', next: 'Next', search: 'Search', loading: 'Loading …',
    range: (from: number, until: number, total: number) => `${from}–${until} of ${total}`,
   
    copied: 'Copied', copyFailed: 'The browser did not allow copying', copy: (what: string) => `Copy ${what}`, copyVerb: 'Copy',
    tags: 'Tags', tagKey: 'Key', tagValue: 'Value', addTag: 'Add tag', tagNeedsKey: 'Each tag needs a key', tagTwice: 'Each key can be used once', editTags: 'Edit tags',
    remove: 'Remove', modify: 'Modify', delete: 'Delete', saved: 'Saved', deleted: 'Deleted', createdDone: 'Created',
    name: 'Name', description: 'Description', created: 'Created', updated: 'Last changed', actions: 'Actions', status: 'Status', time: 'Time', basic: 'Basic information',
    nothingFound: 'Nothing found', choose: 'Choose …', minutes: 'min', seconds: 's',
    yes: 'Yes', no: 'No',
    shown: (rows: number, more: boolean) => (more ? `${rows} read, more below` : `${rows} in all`), sortedAmong: 'sorted among these', more: 'Show more',
  },
  shell: {
    menu: 'Menu', region: 'Region', skip: 'Skip to content', dark: 'Dark theme', light: 'Light theme', signOut: 'Sign out',
    live: 'live', liveLong: 'Changes arrive as they happen', polling: 'polling', pollingLong: 'No events from the server; lists are read every few seconds',
    signedInAs: (id: string) => `Signed in as ${id}`, readOnly: 'This key may only look: everything that changes something is switched off.', nowhere: 'There is no such page',
  },
  menu: {
    overview: 'Overview', start: 'Getting started', resources: 'Resources', hosts: 'Hosts', assets: 'Assets', fleets: 'Fleets', aliases: 'Aliases', queues: 'Queues',
    operate: 'Operate', update: 'Update', placements: 'Placements', monitoring: 'Monitoring', statistics: 'Statistics', develop: 'Develop', explorer: 'API Explorer', keys: 'Access keys',
  },
  regions: {
    'ap-shanghai': 'Shanghai', 'ap-guangzhou': 'Guangzhou', 'ap-beijing': 'Beijing', 'ap-chengdu': 'Chengdu', 'ap-nanjing': 'Nanjing', 'ap-chongqing': 'Chongqing',
    'ap-hongkong': 'Hong Kong', 'ap-singapore': 'Singapore', 'ap-mumbai': 'Mumbai', 'ap-seoul': 'Seoul', 'ap-tokyo': 'Tokyo', 'ap-bangkok': 'Bangkok',
    'na-siliconvalley': 'Silicon Valley', 'na-ashburn': 'Virginia', 'na-toronto': 'Toronto', 'eu-frankfurt': 'Frankfurt', 'eu-moscow': 'Moscow', 'sa-saopaulo': 'São Paulo',
  } as Record<string, string>,
  signIn: {
    title: 'OpenGSE console', lead: 'Sign in with an API key. The secret is exchanged for a short session and is not kept in the browser.',
    over: 'Your session has ended. Sign in to go on where you were.', submit: 'Sign in', where: 'The first key is in credentials.toml in the data folder of the server; gse dev also puts a link that signs in once into console-link there.',
  },
  status: {
    NEW: 'Created', DOWNLOADING: 'Downloading', VALIDATING: 'Validating', BUILDING: 'Building', ACTIVATING: 'Activating', ACTIVE: 'Active', ERROR: 'Error', DELETING: 'Deleting', TERMINATED: 'Terminated',
    TERMINATING: 'Terminating', Pending: 'Starting', Active: 'Active', Terminating: 'Terminating', PENDING: 'Pending', FULFILLED: 'Fulfilled', TIMED_OUT: 'Timed out', CANCELLED: 'Cancelled', FAILED: 'Failed',
    RESERVED: 'Reserved', COMPLETED: 'Completed', TIMEDOUT: 'Timed out', UPLOADING: 'Uploading', UPLOAD_FAILED: 'Upload failed', UPLOADED: 'Uploaded', ENABLED: 'Enabled', DISABLED: 'Disabled', ENDING: 'Ending',
    WAITING: 'Waiting', GRANTED: 'Granted', REFUSED: 'Refused', RUNNING: 'Running', DRAINING: 'Draining', DRAINED: 'Empty', STAYING: 'Staying',
    CONNECTED: 'Connected', DISCONNECTED: 'Disconnected', SILENT: 'Silent', LOST: 'Lost', STARTING: 'Starting', LEAVING: 'Leaving', OPEN: 'Open', CORDONED: 'Cordoned', UNUSED: 'Unused', USED: 'Used',
  },
  overview: {
    lead: (region: string) => `${region} as it breathes, second by second`, active: (count: number) => `${count} active`, starting: (count: number) => `${count} starting`, free: (count: number) => `${count} free`,
    changes: 'Placements per second', freeShare: 'Free', none: 'No fleet here yet', noneLong: 'Getting started makes one from a demo game, in a few clicks.',
    running: 'Running', room: 'Processes', wanted: (percent: number) => `buffer ${percent} %`, all: (count: number) => `All ${count} fleets`, perSession: (count: number) => `${count.toFixed(1)} a session`,
  },
  alias: {
    lead: 'A name for whatever fleet is right at the moment. Point it elsewhere, and the next session goes there.', nameAndId: 'Name / ID', target: 'Leads to', terminal: 'Terminal', simple: 'Simple',
    simpleHint: 'Sessions go to a fleet', terminalHint: 'Nobody gets a session; callers get a message', move: 'Update', create: 'Create alias', search: 'Search by name', none: 'No alias yet',
    noneLong: 'With an alias, your backend never has to know which fleet is in use, and an update disturbs nobody.', type: 'Type', fleet: 'Fleet', noFleets: 'There is no fleet yet: create one first', message: 'Termination message',
    messageHint: 'Callers get exactly this text', needsName: 'A name is needed', needsFleet: 'Choose a fleet', needsMessage: 'A message is needed',
    movedWarning: 'From the moment you confirm, new sessions follow the alias. Sessions that run are not touched.', modifyTitle: (name: string) => `Modify ${name}`, deleteTitle: (name: string) => `Delete alias ${name}?`,
    deleteAffects: 'Whoever asks this alias for a session is refused from then on. Sessions that run are not touched. Queues that name it lose this target.',
    history: 'History', from: 'From', to: 'To', by: 'Key', noHistory: 'It never moved', noHistoryLong: 'Each move is listed here, with the key that made it.', rollback: 'Roll back',
    rollbackTitle: (name: string) => `Roll ${name} back?`, rollbackAffects: 'New sessions will go where the alias led before its last move; sessions that run are not touched:', rolledBack: 'Rolled back',
    order: 'Order', orders: { desc: 'Newest first', asc: 'Oldest first' },
  },
  fleet: {
    lead: 'Servers of one version of your game, growing and shrinking with demand.', nameAndId: 'Name / ID', instances: 'Instances', sessions: 'Sessions', players: 'Players', asset: 'Asset', instanceType: 'Instance type', create: 'Create fleet',
    none: 'No fleet yet', noneLong: 'A fleet runs an asset. Upload your own, or let getting started make a demo.', instancesLong: (min: number, max: number) => `minimum ${min}, maximum ${max}`,
    deleteTitle: (name: string) => `Delete fleet ${name}?`, deleting: 'The fleet is being deleted', deleteAffects: 'Its instances are removed and its processes ended. This cannot be undone.',
    deleteSessions: (sessions: number, players: number) => `${plural(sessions, 'session')} with ${plural(players, 'player')} still run on it. A fleet with sessions is refused: let them end first.`,
    related: 'What leads to it', relatedNone: 'No alias and no queue leads to it.', relatedAliases: 'A fleet that an alias leads to is not deleted: point the alias elsewhere first.',
    copyTitle: (name: string) => `Copy ${name}`, copyLead: 'Copies run the same asset with the same configuration.', copyCount: 'Number of copies', copyCountRange: '1 to 100 copies', copyScaling: 'Take scaling numbers and policies along', copyTimers: 'Take timers along', copyChange: 'Change more before copying …',
    nameRange: '1 to 50 characters', descriptionRange: 'A description has at most 100 characters', gone: 'This fleet does not exist (any more).', monitor: 'Monitoring', sessionsHint: 'of its processes', playersHint: (max: number) => `of ${max} seats`, buffer: 'Buffer', bufferHint: 'kept free',
    tabs: { basic: 'Basic information', events: 'Events', instances: 'Instances', scaling: 'Scaling', sessions: 'Sessions', processes: 'Processes', ports: 'Ports', package: 'Asset' },
    protection: 'Protection of sessions', protections: { NoProtection: 'No protection', TimeLimitProtection: 'For a time', FullProtection: 'Full protection' },
    protectionHint: 'What happens to a running session when its process should go: killed after 5 minutes at most, after the time you set, or never', protectionMinutes: 'Protected for', protectionRange: 'Protection lasts 5 to 1440 minutes',
    os: 'Operating system', creatorLimit: 'Sessions per creator', creatorLimitValue: (count: number, minutes: number) => `${count} in ${minutes} min`, unlimited: 'Unlimited', bandwidth: 'Outbound bandwidth', minutes: (count: number) => `${count} min`,
    editTitle: (name: string) => `Modify ${name}`, eventCode: 'Code', eventMessage: 'Message', downloadLog: 'Download log', eventFilter: 'Event code', noEvents: 'No events', needsAsset: 'Choose an asset', needsType: 'Choose an instance type', creatorBoth: 'Give both sessions per creator and the period, or neither',
    bandwidthRange: '1 to 200 Mbps', ccnBoth: 'A CCN needs the account ID, in digits, and the CCN instance ID', noAssets: 'There is no asset yet: upload one first', ccnAccount: 'CCN account ID', ccnId: 'CCN instance ID', capacityLater: 'A new fleet has one instance and may have one. Range, buffer and timers are set under Scaling, once it is there.',
    sectionBasic: 'Basic information', sectionProcesses: 'Process management', sectionDeployment: 'Deployment', sectionNetwork: 'Network', sectionSessions: 'Sessions', perCreator: 'New sessions per creator', period: 'Within',
    resourceType: 'Resource type', noImages: 'Machine images are for clouds: instances here share hosts, and run assets.', systemDisk: 'System disk', dataDisks: 'Data disks', addDisk: 'Add data disk', disks: 'Disks', diskType: 'Disk type', diskSize: 'Disk size', diskTypes: { CLOUD_PREMIUM: 'Premium', CLOUD_SSD: 'SSD' }, diskHint: (min: number, max: number, step: number) => `${min} to ${max} GB${step > 1 ? `, in steps of ${step}` : ''}`, diskRange: 'A disk has a size that is not allowed; its hint says which are', disksStored: 'Kept with the fleet as the API has it. On hosts of your own, the space is what the host has.', ccn: 'Associate CCN instance', ccnHint: 'Kept with the fleet as the API has it; the network of the hosts is yours.',
    ccnAttach: 'Associate', ccnDetach: 'Dissociate', ccnDetachAffects: (id: string) => `The fleet is no longer associated with ${id}. Its servers and sessions are not touched.`, copyCcn: 'Take the CCN association along', diskValue: (type: string, size: number) => `${type} ${size} GB`,
  },
  drain: {
    sentence: ({ drained, draining, sessions, instances, samples, estimated, forced }: Drained) => {
      if (drained) return 'The fleet is empty.';
      if (sessions === 0) return `No session runs: ${plural(instances, 'instance')} ${draining ? 'will be' : 'would be'} removed.`;
      const guess = estimated ? 'past sessions tell when it may be empty' : samples === 0 ? 'none has ended here yet, so nobody can say when it will be empty' : 'some have gone on for longer than any that ended here, so nobody can say when it will be empty';
      return `${plural(sessions, 'session')} on ${plural(instances, 'instance')}; ${guess}, and ${forced ? 'what is left then is ended by force' : 'nothing is ended by force'}.`;
    },
    drain: 'Drain', undrain: 'Take back', title: (name: string) => `Drain ${name}?`, again: 'Change drain', againTitle: (name: string) => `Change the drain of ${name}`, done: 'It is draining', undone: 'Drain taken back',
    affects: (sessions: number, players: number) => `It takes no new sessions from now on. ${plural(sessions, 'session')} with ${plural(players, 'player')} ${sessions === 1 ? 'goes' : 'go'} on, and instances go as their sessions end, whatever the minimum says.`,
    alias: (id: string) => `The alias ${id} leads here: point it elsewhere first. A fleet that an alias leads to is not drained.`,
    denyJoins: 'No new players either', denyJoinsHint: 'Sessions that run take nobody else while the fleet drains', deadline: 'Ends by force after', deadlineHint: 'Empty: nothing is ended by force', deadlineRange: 'A deadline is 1 to 43,200 minutes', deleteWhenEmpty: 'Delete the fleet once it is empty',
    deadlineAffects: (minutes: number) => `In ${minutes} min every session that is left is ended, protected matches too, and its players are disconnected. Games are told 5 minutes before.`, noForce: 'Nothing is ended by force.',
    undrainTitle: (name: string) => `Take the drain of ${name} back?`, undrainAffects: 'It takes sessions and scales as before. Instances and processes that were told to end still do, and are replaced.', since: 'Draining since', options: 'Options', joinsDenied: 'no new players', deletes: 'deleted once empty', deadlineAt: 'Deadline',
    likely: 'Likely empty', would: 'Would likely be empty', p90: '90 % likely', latest: 'At the latest', never: 'Never by force', unknown: 'not known yet', within: (left: string) => `in ${left}`, left: 'Left', leftValue: (sessions: number, players: number, instances: number) => `${plural(sessions, 'session')}, ${plural(players, 'player')}, ${plural(instances, 'instance')}`,
    basis: (samples: number) => (samples === 0 ? 'No session has ended here yet' : `From ${plural(samples, 'past session')}`), pace: 'From the pace since the move', told: 'Told to end', instances: 'Instances that are left', none: 'No instance is left', drainOld: (name: string) => `Drain ${name}`, undrainOld: (name: string) => `Take the drain of ${name} back`,
    backUndrains: 'The old fleet is draining: moving back takes that back first.',
  },
  instance: {
    cpu: 'vCPUs used', memory: 'Memory used', limit: (most: string) => `of ${most}`,
    id: 'Instance ID', processes: 'Healthy / active processes', weight: 'Weight', reserved: 'reserved', reserve: 'Reserve', release: 'Release', runTime: 'Run time', logs: 'Logs', access: 'Log in', accessTitle: (id: string) => `Log in to ${id}`, accessLead: 'The private key of its host opens everything on that machine. Hand it to nobody; the operator of the host can replace it.', accessShow: 'Show the key', accessKey: 'Private key', accessUser: 'User', filter: 'IP address', none: 'No instance',
    noneLong: 'Raise the desired number under Scaling, or let a buffer grow the fleet.', weightTitle: (id: string) => `Weight of ${id}`, weightHint: '0 to 10: more weight, more sessions; with 0 it gets no new ones', weightRange: 'A weight is 0 to 10',
    reserveTitle: (id: string) => `Reserve ${id}?`, releaseTitle: (id: string) => `Release ${id}?`, reserveAffects: (sessions: number) => `It is kept for a closer look: never scaled in, and no new sessions. Its ${plural(sessions, 'session')} go on.`, releaseAffects: 'It gets new sessions again and may be scaled in.',
    logsTitle: (id: string) => `Logs of ${id}`, noLogs: 'No logs yet', noLogsLong: 'The steps of its preparation and the logs of ended sessions appear here.',
  },
  scaling: {
    title: 'Capacity', mode: 'Adjustment', automatic: 'Automatic', manual: 'Manual', automaticHint: 'Grows and shrinks within the range', manualHint: 'The desired number counts', range: 'Range', desired: 'Desired', now: 'Now',
    nowValue: (active: number, pending: number, ending: number, idle: number) => `${active} active (${idle} idle), ${pending} starting, ${ending} ending`, buffer: 'Session buffer', interval: 'Cool-down', noPolicy: 'Automatic, but nothing says by how much: set a buffer, and the fleet keeps that share of sessions free.',
    modifyTitle: 'Modify capacity', min: 'Minimum', max: 'Maximum', bufferHint: '1 to 99; empty: none', intervalHint: 'Between two changes, 3 to 30', rangeProblem: 'Give whole numbers; the minimum cannot be above the maximum', desiredProblem: 'The desired number must be within the range', bufferProblem: 'A buffer is 1 to 99 %', free: 'At least free', freeHint: 'Sessions; the buffer is the larger of both', freeProblem: 'At least free is 0 to 100,000, and needs a buffer', keepOne: 'Keep one instance while nobody plays', keepOneHint: 'Off: down to the minimum, even none; whoever comes then waits for the first instance',
    bufferValue: (percent: number, free: number, keepOne: boolean) => [`${percent} %`, ...(free > 0 ? [`at least ${plural(free, 'session')} free`] : []), ...(keepOne ? [] : ['none while nobody plays'])].join(', '), intervalProblem: 'A cool-down is 3 to 30 minutes',
    failedFleet: 'Its first deployment failed: only 0 to 1 instances, adjusted by hand.', shrinks: (count: number) => `${plural(count, 'instance')} more than the new maximum run now. They go as protection allows.`,
    rules: 'Rules', addRule: 'Add rule', rule: 'Rule', noRules: 'No rule', noRulesLong: 'A rule changes the number of instances when a metric crosses a threshold.', deleteRule: (name: string) => `Delete rule ${name}?`, deleteRuleAffects: 'The fleet no longer follows it. Instances that run stay until something else changes them.',
    metric: 'Metric', comparison: 'Comparison', threshold: 'Threshold', periods: 'For', adjustmentType: 'Then', adjustment: 'Number', adjustments: { ChangeInCapacity: 'Change by', ExactCapacity: 'Set to', PercentChangeInCapacity: 'Change by percent' },
  },
  timer: {
    title: 'Timers', add: 'Add timer', when: 'When', sets: 'Sets', setsValue: (min: number, max: number, desired: number) => `${min}–${max}, desired ${desired}`, none: 'No timer', noneLong: 'A timer sets the capacity at set times: more in the evening, less at night.',
    kinds: { '1': 'Once', '2': 'Every N days', '3': 'By month', '4': 'By week' }, states: { '1': 'Waiting', '2': 'In effect', '3': 'Stopped', '4': 'Expired' }, cycle: 'Repeat', everyDays: 'Every … days', weekDays: 'On', days: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'],
    fromDay: 'From day', toDay: 'To day', begin: 'Begins', end: 'Ends', endHint: 'Empty: it does not end', bufferHint: 'Empty: the desired number counts', needsBegin: 'Say when it begins', needsDays: 'Choose at least one day', monthProblem: 'Days are 1 to 31, the first not after the last', intervalProblem: 'A cool-down is 1 to 30 minutes',
    deleteTitle: (name: string) => `Delete timer ${name}?`, deleteAffects: 'It does not fire again. What it has set stays.', modifyTitle: (name: string) => `Modify timer ${name}`,
  },
  session: {
    one: 'Session', create: 'Create session', nameAndId: 'Name / ID', address: 'Address', runDuration: 'Run duration', join: 'Join', end: 'End', statusFilter: 'Status', allStates: 'All states', filter: 'Filter expression', filterWrong: (at: number) => `Not a filter expression from character ${at} on`,
    none: 'No session', noneLong: 'Create one here, or through the API with this fleet or an alias that leads to it.', playersRange: 'A session holds up to 200 players', maxPlayers: 'Most players', data: 'Session data', dataHint: 'Given to the game as it is',
    endTitle: (name: string) => `End session ${name}?`, endAffects: (players: number) => `${plural(players, 'player')} will be disconnected, and its process ends. Another process takes its place.`, ended: 'The session is ending', joinTitle: (name: string) => `Join ${name}`, joined: 'The seat is held for one minute: connect with it now.',
    policy: 'New players', creator: 'Creator', properties: 'Properties', playersTitle: 'Player sessions', noPlayers: 'No player has been here',
    modifyTitle: (name: string) => `Modify session ${name}`, policies: { ACCEPT_ALL: 'May join', DENY_ALL: 'May not join' }, unchanged: 'Unchanged',
  },
  process: {
    configuration: 'Launch configuration', activationTimeout: 'Sessions must activate within', maxActivations: 'Sessions that activate at once', maxActivationsHint: 'On one instance; empty: unlimited', seconds: (count: number) => `${count} s`, path: 'Launch path', pathHint: 'Under /local/game/ or C:\\game\\', parameters: 'Parameters', concurrent: 'Processes', modifyTitle: 'Modify launch configuration',
    modifyAffects: 'Processes whose path and parameters stay the same are not touched. Others finish their match, then the new ones take their place.', needsPath: 'Each row needs a launch path', pathPrefix: 'A launch path begins with /local/game/ or C:\\game\\', countRange: 'At least one process a row, at most 50 on an instance', timeoutRange: 'The time to activate is 1 to 600 s', addRow: 'Add process',
    live: 'Processes now', id: 'Process ID', unhealthy: 'unhealthy', idle: 'idle', end: 'End', endTitle: (id: string) => `End process ${id}?`, endAffects: 'It is asked to end, and replaced by another one.', endBusy: (id: string) => `It hosts session ${id}: its players are disconnected when it ends.`, force: 'Kill it at once', ending: 'The process is ending', none: 'No process runs',
    activationsRange: 'Sessions that activate at once: 1 to 20000, or empty',
  },
  port: {
    rules: 'Inbound rules', from: 'From port', to: 'To port', ports: 'Ports', protocol: 'Protocol', ipRange: 'IP range', add: 'Add rule', needsOne: 'At least one inbound rule is needed', range: 'Ports are 1025 to 60000, the first not above the last', cidr: 'An IP range looks like 0.0.0.0/0', none: 'No rule', modifyTitle: 'Modify inbound rules', modifyAffects: 'Processes on ports that are closed are replaced after their match.',
  },
  update: {
    lead: 'Move an alias to a new version. Sessions that run stay where they are; nobody is disconnected.', pickAlias: 'Alias', pickFleet: 'New fleet', noOther: 'There is no other fleet: create the new version first', isTerminal: 'This alias is terminal: it leads to no fleet. Modify it to lead to one first.', old: 'Old', new: 'New', chooseNew: 'Choose the new fleet', chooseNewLong: 'It appears here beside the old one, with its numbers as they change.',
    moveTitle: 'Move', movedTitle: 'Moved', movedLong: (name: string, sessions: number) => `New sessions go to ${name}. ${plural(sessions, 'session')} on the old fleet ${sessions === 1 ? 'goes' : 'go'} on until ${sessions === 1 ? 'it ends' : 'they end'}.`, growing: (count: number) => `Growing to ${plural(count, 'instance')}`, grow: (count: number) => `Grow it to ${plural(count, 'instance')} first`,
    move: (name: string) => `Move the alias to ${name}`, moveBack: (name: string) => `Move back to ${name}`, movedBack: 'Moved back', moved: 'Alias moved', cleanUp: 'The old fleet is empty: scale it in or delete it', aliasHere: 'the alias leads here', drain: 'Sessions', remaining: 'Sessions left on the old fleet', eta: 'Empty in', drained: 'Empty', etaUnknown: 'not known yet', etaUnknownLong: 'Nothing has ended since the move',
    confirmTitle: (name: string) => `Move ${name}?`, confirm: 'Move', affectsNew: (name: string) => `Every new session through this alias goes to ${name} at once.`, affectsOld: (sessions: number, players: number, name: string) => `${plural(sessions, 'session')} with ${plural(players, 'player')} on ${name} ${sessions === 1 ? 'goes' : 'go'} on undisturbed.`,
    ready: 'The new fleet has room for the whole load.', grows: (count: number) => `The new fleet has room to begin with and grows to ${plural(count, 'instance')} by itself.`, short: (free: number, needed: number, count: number) => `The new fleet could not carry the load: ${free} free, ${needed} needed. It takes ${plural(count, 'instance')}.`, notActive: 'The new fleet is not active: sessions could not start on it.', isDraining: 'The new fleet is being drained: take that back before an alias leads there.', noProcesses: 'The new fleet runs no processes.',
    chooseAlias: 'Choose the alias that players use', chooseAliasLong: 'You then see where it leads, choose the fleet of the new version, and are warned if that one could not carry the load. Sessions that run are never touched.',
  },
  start: {
    lead: 'From nothing to a chat between two browser tabs, in four steps.', all: 'Do steps 1 to 3', again: 'Start again', gone: 'The fleet of this wizard is gone. Start again.', upload: 'Upload demo package', uploaded: (id: string) => `Asset ${id} is there.`, uploadLong: 'A chat room with the GSE protocol built in. Your own game would be a zip like it.', uploadButton: 'Quick upload of demo package',
    fleet: 'Create a server fleet', fleetDone: (id: string) => `Fleet ${id} is active.`, fleetLong: 'One instance with ten processes, each ready for one session.', fleetButton: 'Quick creation of server fleet', session: 'Create a game server session', sessionDone: 'The session is there.', sessionLong: 'A session is one match: here, one chat room for eight players.', sessionButton: 'Create game server session', connect: 'Connect clients',
    connectLong: 'Each click takes a seat in the session and opens the chat page with it. Open two, and let them talk.', newSession: 'Create another session', open: (number: number) => `Open chat as player ${number}`, minute: 'A seat is held for one minute. After that, open another.', blocked: 'The browser blocked the new tab. Open it here:', states: { done: 'completed', now: 'in progress', later: 'waiting' }, next: 'Then: an update without downtime', nextLong: 'Puts version 2 of the demo into a fleet of its own beside version 1, and opens the update screen with an alias that leads to version 1. The tabs above stay connected all the while.', nextButton: 'Prepare version 2', failed: 'The fleet could not be created. Its events say why:',
  },
  asset: {
    lead: 'Zips of your game. What lies at the root of a zip becomes /local/game.', nameAndId: 'Name / ID', version: 'Version', size: 'Size', fleets: 'Fleets', create: 'Create asset', none: 'No asset yet', noneLong: 'Zip the folder with your server (its files at the root), and upload it here.', editTitle: (name: string) => `Modify ${name}`, nameRange: 'Name and version have 1 to 64 characters',
    deleteTitle: (name: string) => `Delete asset ${name}?`, inUse: (count: number) => `${plural(count, 'fleet')} still ${count === 1 ? 'runs' : 'run'} it: delete ${count === 1 ? 'that' : 'those'} first.`, deleteAffects: 'The package is removed. No fleet runs it.', needsFile: 'Choose a file', zipOnly: 'The file must be a zip', file: 'Package', fileHint: 'A zip; install.sh at its root runs once on each instance', progress: 'Upload', stop: 'Stop upload',
    exact: 'Name, in full',
  },
  queue: {
    lead: 'Places matches on the best of several fleets, in any regions.', create: 'Create queue', identifier: 'Identifier', timeout: 'Time-out', latency: 'Latency policy', targets: 'Targets', place: 'Place', none: 'No queue yet', noneLong: 'With a queue, a match goes to the first target that is near enough for its players and has room.', deleteTitle: (name: string) => `Delete queue ${name}?`, deleteAffects: 'Placements that wait in it fail at once. Sessions that run are not touched.',
    identifierRule: 'Letters, digits and hyphens, a letter first', timeoutRule: 'A time-out is 1 to 600 s', latencyRule: 'Each latency must be higher than the one before', needsTarget: 'At least one target is needed', modifyTitle: (name: string) => `Modify queue ${name}`, maxLatency: 'Slowest player at most', forSeconds: 'For', rest: 'the rest', addPolicy: 'Add policy', addTarget: 'Add target', up: (what: string) => `Move ${what} up`, down: (what: string) => `Move ${what} down`,
  },
  placement: {
    lead: 'What became of a placement, and why.', start: 'Start placement', none: 'Which placement?', noneLong: 'Give the id that your backend started it with, or start one here.', stop: 'Stop', started: 'Started', ended: 'Ended', startedDone: 'Started', why: 'Why', destination: 'Destination', reason: 'Reason', latency: 'Latency / limit', idle: 'Idle / active processes', noDecision: 'Nothing considered yet',
    reasons: { CHOSEN: 'Chosen', NOT_ASKED: 'Not asked', NO_IDLE_PROCESS: 'No idle process', LATENCY_TOO_HIGH: 'Latency too high', LATENCY_UNKNOWN: 'Latency unknown', ALIAS_NOT_FOUND: 'No such alias', ALIAS_TERMINAL: 'Terminal alias', FLEET_NOT_FOUND: 'No such fleet', FLEET_NOT_ACTIVE: 'Fleet not active', FLEET_DRAINING: 'Fleet draining', ID_TAKEN: 'Id taken', CREATOR_LIMIT: 'Creator limit' },
    needsId: 'A placement needs an id', needsQueue: 'Choose a queue', players: 'Players with a seat', playersHint: 'Player ids, separated by spaces or commas',
  },
  monitoring: {
    lead: 'Every metric, minute by minute, and how things are now.', period: 'Period', hours: (count: number) => (count === 1 ? 'Last hour' : `Last ${count} hours`), longer: 'Samples are kept in memory for 24 hours and begin anew when the server starts. For longer, let Prometheus read /metrics.',
    metrics: {
      ActiveInstances: 'Active instances', DesiredInstances: 'Desired instances', IdleInstances: 'Idle instances', PercentIdleInstances: 'Percent idle instances', MinInstances: 'Minimum instances', MaxInstances: 'Maximum instances', ActiveGameServerSessions: 'Active sessions', ActivatingGameServerSessions: 'Activating sessions', AvailableGameServerSessions: 'Available sessions', PercentAvailableGameServerSessions: 'Percent available sessions',
      CurrentPlayerSessions: 'Active player sessions', PlayerSessionActivations: 'Player session activations', ActiveServerProcesses: 'Active processes', HealthyServerProcesses: 'Healthy processes', PercentHealthyServerProcesses: 'Percent healthy processes', ServerProcessActivations: 'Process activations', ServerProcessTerminations: 'Process terminations', ServerProcessAbnormalTerminations: 'Abnormal terminations', NoInstances: 'Instances not obtained',
      QueueDepth: 'Queue depth', AverageWaitTime: 'Average wait', PlacementsStarted: 'Placements started', PlacementsSucceeded: 'Placements succeeded', PlacementsFailed: 'Placements failed', PlacementsCanceled: 'Placements cancelled', PlacementsTimedOut: 'Placements timed out', FirstChoiceNotViable: 'First choice not viable', FirstChoiceOutOfCapacity: 'First choice out of capacity', LowestLatencyPlacement: 'Placements at lowest latency',
      CpuUsage: 'CPU', CpuLoadavg: 'CPU load, one minute', MemUsed: 'Memory used', MemUsage: 'Memory', TcpCurrEstab: 'TCP connections', WanOuttraffic: 'Bandwidth out', WanIntraffic: 'Bandwidth in', WanOutpkg: 'Packets out', WanInpkg: 'Packets in', AccOuttraffic: 'Traffic out',
    },
    types: { FLEET: 'Fleets', QUEUE: 'Queues', INSTANCE: 'Instances' }, noData: 'Nothing sampled in this time', traffic: 'Traffic is known only of instances that have their host to themselves. Agents measure every ten seconds.', placementsIn: (region: string) => `Placements in ${region}`,
  },
  statistics: {
    lead: 'Server time and traffic used, by UTC day.', hours: 'Server hours', begin: 'Begin', end: 'End', flow: 'Traffic', allFleets: 'All fleets', from: 'From', until: 'Until', total: 'Server time', totalFlow: 'Traffic', history: 'History', download: 'Download', none: 'Nothing ran in this period',
    reading: (read: number, total: number) => `${read} of ${total} …`, downloaded: (rows: number) => `${plural(rows, 'row')} downloaded`, cutShort: (rows: number, total: number) => `The first ${rows} of ${total} rows: choose a shorter period for the rest`,
  },
  key: {
    lead: 'Keys sign requests to the API, and sign in here.', hidden: 'Not for this key', hiddenLong: 'Only keys that may do everything see the list of keys.', create: 'Create key', rights: 'Rights', readOnly: 'Read only', full: 'Everything', readOnlyHint: 'May look at everything and change nothing', source: 'From', sources: { ROOT: 'First key', FILE: 'credentials.toml', API: 'Console or API' }, lastUsed: 'Last used', rotate: 'Rotate', disable: 'Disable', enable: 'Enable', fixed: 'Managed in the file', none: 'No key', missing: 'This server does not manage keys', missingLong: 'Keys are in its credentials.toml.',
    disableTitle: (id: string) => `Disable ${id}?`, enableTitle: (id: string) => `Enable ${id}?`, disableAffects: 'Every request signed with it is refused from then on. It can be enabled again.', enableAffects: 'Requests signed with it are accepted again.', own: 'This is the key you are signed in with.', deleteTitle: (id: string) => `Delete ${id}?`, deleteAffects: 'Every request signed with it is refused for good.',
    rotateTitle: (id: string) => `Rotate ${id}`, rotateLead: 'A new key with the same rights is made. The old one goes on until you disable it.', rotateNext: (id: string) => `Copy the secret now: it is shown once. Give it to whoever uses ${id}, then disable that one.`, once: 'Copy the secret now: it is shown once.', kept: 'I have kept it',
  },
  host: {
    lead: 'The machines that run game servers.', nameAndId: 'Name / ID', region: 'Region / labels', everyRegion: 'every region', instances: 'Instances', resources: 'vCPUs / memory', notStated: 'not stated', load: 'Sessions / players', system: 'Sandbox / certificate', noSandbox: 'No sandbox', inside: 'part of gse dev', silentFor: (time: string) => `silent for ${time}`, memory: (used: number, all: number) => `${used}/${all} GiB`, cpus: (used: number, all: number) => `${used}/${all} vCPU`, foreign: (count: number) => `${plural(count, 'report')} about other hosts refused`,
    add: 'Add host', none: 'No host yet', noneLong: 'Make a token here, and start an agent with it on the machine. The whole way is described in', docs: 'docs/hosts.md', cordon: 'Cordon', uncordon: 'Open', drain: 'Drain', remove: 'Remove',
    cordonTitle: (name: string) => `Cordon ${name}?`, cordonAffects: 'It gets no further instances. What runs there goes on.', uncordonTitle: (name: string) => `Open ${name}?`, uncordonAffects: 'It takes instances again. Instances that have not begun to drain stay.',
    drainTitle: (name: string) => `Drain ${name}?`, drainAffects: (instances: number, sessions: number, players: number) => `Its ${plural(instances, 'instance')} with ${plural(sessions, 'session')} and ${plural(players, 'player')} leave, each as soon as another one stands in for it. No match is ended: protection holds. Reserved instances stay.`,
    removeTitle: (name: string) => `Remove ${name}?`, removeAffects: (instances: number) => `Its certificate is refused from then on and its connection closed; ${plural(instances, 'instance')} ${instances === 1 ? 'is' : 'are'} replaced elsewhere. The machine itself is not reached any more: stop its agent.`, removeSessions: (sessions: number, players: number) => `${plural(sessions, 'session')} with ${plural(players, 'player')} run there. Removal is refused while there are any: drain it first, or end them.`, force: 'End these sessions', forceHint: 'They end as ERROR, and their players are disconnected', removed: 'Removed',
    tokens: 'Enrolment tokens', token: 'Token', noTokens: 'No token', noTokensLong: 'A token lets one machine in, once. Those that have expired are not listed.', usedBy: 'Host', expires: 'Expires', ttl: 'Valid for', ttls: { '600': '10 minutes', '3600': '1 hour', '86400': '1 day', '604800': '7 days' }, bind: 'Only for region', bindNone: 'Any: the host says it itself',
    deleteTitle: (id: string) => `Delete token ${id}?`, deleteAffects: 'Nobody can enrol with it from then on. A host that has enrolled with it stays.', once: 'Copy the commands now: the token is shown once. It lets one machine in.', address: 'Server, as the machine reaches it', addressHint: 'Host and port of link_listen', capacity: 'Instances it takes', commands: 'On the machine', copyCommands: 'Copy commands', copyToken: 'Copy token', kept: 'Done',
  },
  explorer: {
    lead: 'Every action of the API: a form from its model, the call itself, and the same call as a program.', actions: 'Actions', search: 'Search actions', extensions: 'Extensions', choose: 'Choose an action', chooseLong: 'Its form appears here.', noParameters: 'It takes no parameters.', clear: 'Clear', send: 'Call', answer: 'Answer', request: 'Request', call: 'Online call', took: (ms: number) => `Answered in ${ms} ms`, notYet: 'Not called yet. This would be sent:', addItem: 'Add', obsolete: 'obsolete', really: 'This changes the server. It would be sent:',
    problems: { required: 'Required', number: 'A whole number is needed here', range: (low: number | string, high: number | string) => `Between ${low} and ${high}`, length: (low: number | string, high: number | string) => `${low} to ${high} characters`, items: (low: number | string, high: number | string) => `${low} to ${high} entries`, enum: (words: string) => `One of ${words}`, oneOf: (sets: string) => `One of these is needed: ${sets}` },
  },
  errors: {
    Network: { title: 'The server does not answer', advice: 'Check that it runs and that you can reach it, then try again.' },
    InvalidResponse: { title: 'The answer makes no sense', advice: 'Something between the browser and the server may have answered instead. Reload the page.' },
    Client: { title: 'The page has failed', advice: 'Reload it. If it fails again, report what you did.' },
    UploadFailed: { title: 'The upload was refused', advice: 'Try again: a new upload permission is fetched.' },
    Aborted: { title: 'The upload was stopped', advice: 'Try again when you are ready.' },
    AuthFailure: { title: 'Not accepted', advice: 'Check SecretId and SecretKey; a disabled key cannot sign in.' },
    'AuthFailure.UnauthorizedOperation': { title: 'Not allowed', advice: 'This key may not do that. Use one that may write.' },
    'AuthFailure.SessionOver': { title: 'Your session has ended', advice: 'Sign in again.' },
    UnauthorizedOperation: { title: 'Not allowed', advice: 'This key may not do that. Use one that may write.' },
    FailedOperation: { title: 'It did not work', advice: 'The message says what stood in the way.' },
    InternalError: { title: 'The server has failed', advice: 'Try again. If it goes on, look into the log of the server for the request id.' },
    InvalidAction: { title: 'The server does not know this action', advice: 'It may be older than this console. Update it.' },
    InvalidParameter: { title: 'A parameter is wrong', advice: 'The message names it and what it may be.' },
    InvalidParameterValue: { title: 'A value is not allowed', advice: 'The message names the parameter and what it may be.' },
    MissingParameter: { title: 'A parameter is missing', advice: 'Fill it in.' },
    UnknownParameter: { title: 'A parameter is unknown', advice: 'Leave it out.' },
    LimitExceeded: { title: 'A quota is used up', advice: 'Delete what you no longer need, or raise the limit in the configuration of the server.' },
    RequestLimitExceeded: { title: 'Too many requests', advice: 'Wait a moment and try again.' },
    ResourceInUse: { title: 'Still in use', advice: 'Something depends on it. The message says what: let go of that first.' },
    ResourceInsufficient: { title: 'No room', advice: 'Raise the maximum of the fleet or wait until sessions end.' },
    ResourceNotFound: { title: 'Not there', advice: 'It may have been deleted, or be in another region.' },
    ResourceUnavailable: { title: 'Not available now', advice: 'The message says why: a fleet may not be active yet, or an alias may be closed.' },
    UnsupportedOperation: { title: 'Not possible here', advice: 'The message says why.' },
    UnsupportedRegion: { title: 'The server does not know this region', advice: 'Choose another region at the top.' },
    Unknown: { title: 'Refused', advice: 'The message says why.' },
  },
};

export type Text = typeof en;
