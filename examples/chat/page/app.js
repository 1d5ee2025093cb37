'use strict';

const TEXTS = {
  en: {
    other: '中文', playerSession: 'Player session ID', nickname: 'Nickname', connect: 'Connect', send: 'Send',
    message: 'Message', here: 'Players', stream: 'Chat', end: 'End game session', cancel: 'Cancel',
    endTitle: 'End this game session?',
    endText: 'Everybody is disconnected, and this server process ends. Its fleet starts a new one.',
    hint: 'JoinGameServerSession answers a player session ID. It admits you once, within a minute.',
    off: 'Not connected', connecting: 'Connecting …', on: 'Connected', ended: 'Ended', lost: 'Disconnected',
    connected: 'Server: connected', you: 'you',
    joined: name => `${name} joined`, left: name => `${name} left`, endedBy: 'The game session has ended.',
    deadline: seconds => `This server ends in ${seconds} s.`,
    reconnect: 'A player session can be used only once. To play again, create a new player session (JoinGameServerSession) and enter its ID.',
    unreachable: 'The server cannot be reached. Has its game session ended?',
    tooSlow: 'Disconnected: this connection could not keep up with the chat.',
    tooLong: 'The message is too long (4 KiB at most).',
    errors: {
      no_session: 'No game session is running on this server yet. Create one, then connect.',
      malformed: 'That is not a player session ID; it looks like psess-…',
      used: 'This player session has been used already.',
      full: 'This game session has seen too many players.',
      unavailable: 'The agent cannot be reached at the moment. Try again.',
    },
  },
  zh: {
    other: 'English', playerSession: '玩家会话 ID', nickname: '昵称', connect: '连接', send: '发送',
    message: '消息', here: '在线玩家', stream: '聊天', end: '结束游戏会话', cancel: '取消',
    endTitle: '结束当前游戏会话？',
    endText: '所有玩家将断开连接，该服务器进程随即结束，舰队会启动新的进程。',
    hint: '玩家会话 ID 由 JoinGameServerSession 返回，一分钟内有效，只能使用一次。',
    off: '未连接', connecting: '连接中…', on: '已连接', ended: '已结束', lost: '连接已断开',
    connected: '服务器：连接成功', you: '我',
    joined: name => `${name} 加入了`, left: name => `${name} 离开了`, endedBy: '游戏会话已结束。',
    deadline: seconds => `该服务器将在 ${seconds} 秒后结束。`,
    reconnect: '每个玩家会话只能使用一次。如需再次加入，请创建新的玩家会话（JoinGameServerSession）并填写其 ID。',
    unreachable: '无法连接服务器，游戏会话可能已经结束。',
    tooSlow: '连接已断开：网络过慢，跟不上聊天消息。',
    tooLong: '消息过长（最多 4 KiB）。',
    errors: {
      no_session: '该服务器上还没有游戏会话，请先创建游戏会话再连接。',
      malformed: '玩家会话 ID 格式不正确，应形如 psess-…',
      used: '该玩家会话已被使用过。',
      full: '该游戏会话接纳的玩家已达上限。',
      unavailable: '暂时无法连接代理，请稍后重试。',
    },
  },
};
const LINES_MAX = 500;
const FRAME_BYTES_MAX = 4096;

const $ = id => document.getElementById(id);
let language = navigator.language.toLowerCase().startsWith('zh') ? 'zh' : 'en';
let state = 'off';
let socket = null;
let me = '';
let players = [];
let advice = null;  // a function, so that it follows the language
let lastError = null;

const t = () => TEXTS[language];

// The same title always gets the same colour: two versions are told apart at a glance.
function hue(title) {
  let hash = 2166136261;
  for (const c of title) hash = Math.imul(hash ^ c.codePointAt(0), 16777619);
  hash ^= hash >>> 15;
  return (Math.imul(hash, 0x9e3779b1) >>> 0) % 360;
}

function showTitle(title) {
  $('title').textContent = title;
  document.title = title;
  document.documentElement.style.setProperty('--hue', hue(title));
}

function showTexts() {
  document.documentElement.lang = language === 'zh' ? 'zh-CN' : 'en';
  for (const e of document.querySelectorAll('[data-text]')) e.textContent = t()[e.dataset.text];
  for (const e of document.querySelectorAll('[data-label]')) e.setAttribute('aria-label', t()[e.dataset.label]);
  for (const e of document.querySelectorAll('[data-placeholder]')) e.placeholder = t()[e.dataset.placeholder];
  $('language').textContent = t().other;
  showState(state);
  showPlayers();
  showAdvice(advice);
}

function showState(next) {
  state = next;
  $('state').textContent = t()[state];
  $('state').dataset.state = state === 'on' ? 'on' : state === 'lost' ? 'bad' : 'off';
  $('connect').disabled = state === 'connecting';
  $('door').hidden = state === 'on';
  $('end').disabled = $('text').disabled = state !== 'on';
  $('talk').querySelector('button').disabled = state !== 'on';
}

function showAdvice(text) {
  advice = text;
  $('advice').hidden = !text;
  $('advice').textContent = text ? text() : '';
  $('hint').hidden = Boolean(text);
}

function showPlayers() {
  $('count').textContent = players.length;
  $('players').replaceChildren(...players.map(name => {
    const item = document.createElement('li');
    item.textContent = name === me ? `${name} (${t().you})` : name;
    if (name === me) item.className = 'me';
    return item;
  }));
}

function addLine(item) {
  const stream = $('stream');
  const atEnd = stream.scrollHeight - stream.scrollTop - stream.clientHeight < 60;
  stream.append(item);
  while (stream.children.length > LINES_MAX) stream.firstChild.remove();
  if (atEnd) stream.scrollTop = stream.scrollHeight;
}

// The form above comes and goes; the last line stays in sight.
new ResizeObserver(() => { $('stream').scrollTop = $('stream').scrollHeight; }).observe($('stream'));

function note(text, kind = '') {
  const item = document.createElement('li');
  item.className = `note ${kind}`;
  item.textContent = text;
  addLine(item);
}

function bubble(m) {
  const item = document.createElement('li');
  item.className = m.from === me ? 'bubble mine' : 'bubble';
  const who = document.createElement('span');
  who.className = 'who';
  const name = document.createElement('b');
  name.textContent = m.from;
  const time = document.createElement('time');
  time.dateTime = new Date(m.at).toISOString();
  time.textContent = new Date(m.at).toLocaleTimeString([], {hour: '2-digit', minute: '2-digit'});
  who.append(name, time);
  const text = document.createElement('p');
  text.textContent = m.text;
  item.append(who, text);
  addLine(item);
}

const receive = {
  welcome(m) {
    me = m.from;
    players = m.players;
    showTitle(m.title);
    $('room').hidden = false;
    $('stream').replaceChildren();
    showState('on');
    showAdvice(null);
    showPlayers();
    note(t().connected, 'good');
    $('text').focus();
  },
  chat: bubble,
  joined(m) { players.push(m.from); showPlayers(); note(t().joined(m.from)); },
  left(m) { players = players.filter(name => name !== m.from); showPlayers(); note(t().left(m.from)); },
  notice(m) { note(t().deadline(Math.max(0, Math.round((m.until - Date.now()) / 1000))), 'bad'); },
  ended() { note(t().endedBy, 'bad'); showState('ended'); },
  error(m) { lastError = m; if (state === 'on') note(t().errors[m.code] || m.text, 'bad'); },
};

function connect(id, nickname) {
  lastError = null;
  showAdvice(null);
  showState('connecting');
  const url = new URL('/ws', location.href);
  url.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  url.searchParams.set('playerSessionId', id);
  if (nickname) url.searchParams.set('name', nickname);
  socket = new WebSocket(url);
  socket.onmessage = event => {
    const m = JSON.parse(event.data);
    if (Object.hasOwn(receive, m.type)) receive[m.type](m);
  };
  socket.onclose = event => {
    const was = state;
    const error = lastError;
    players = [];
    showPlayers();
    if (was !== 'ended') showState('lost');
    if (was === 'connecting') {
      const why = () => error ? t().errors[error.code] || error.text : t().unreachable;
      showAdvice(error && error.code === 'used' ? () => `${why()} ${t().reconnect}` : why);
    } else {
      const why = () => event.code === 4002 ? `${t().tooSlow} ` : event.code === 1009 ? `${t().tooLong} ` : '';
      showAdvice(() => why() + t().reconnect);
    }
  };
}

$('door').addEventListener('submit', event => {
  event.preventDefault();
  connect($('player-session').value.trim(), $('nickname').value.trim());
});
$('talk').addEventListener('submit', event => {
  event.preventDefault();
  const text = $('text').value;
  if (!text.trim() || state !== 'on') return;
  const frame = JSON.stringify({type: 'chat', text});
  if (new TextEncoder().encode(frame).length > FRAME_BYTES_MAX) return note(t().tooLong, 'bad');
  socket.send(frame);
  $('text').value = '';
});
$('end').addEventListener('click', () => $('confirm').showModal());
$('confirm').addEventListener('close', () => {
  if ($('confirm').returnValue === 'yes' && state === 'on') socket.send(JSON.stringify({type: 'end'}));
  $('confirm').returnValue = '';
});
$('language').addEventListener('click', () => { language = language === 'zh' ? 'en' : 'zh'; showTexts(); });

const asked = new URLSearchParams(location.search);
$('player-session').value = asked.get('playerSessionId') || '';
$('nickname').value = asked.get('name') || '';
showTexts();
fetch('/status').then(r => r.json()).then(s => showTitle(s.title)).catch(() => {});
if (asked.has('connect') && asked.get('playerSessionId')) connect($('player-session').value, $('nickname').value);
