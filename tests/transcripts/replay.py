#!/usr/bin/env python3
# ruff: noqa: PGH004
# ruff: noqa
# fmt: off
"""Replay byte-exact proxy conversations and report differences.

Stdlib only.  Starts real memcached / redis-server processes and scripted fake
backends, writes the pool configuration of every case, starts one proxy per
case from a command template, plays the steps of the case and compares what the
client saw (and, for fake backends, what the backend saw) with the recording.

    replay.py                                   all cases against nutcracker
    replay.py --proxy 'python -m myproxy -c {conf} -s {stats_port}'
    replay.py --only mc-multiget --verbose
    replay.py --list
    replay.py --record                          overwrite the expectations
    replay.py --config-cases                    also run config-cases.json
    replay.py --pool-extra 'on_unsupported: close' --differences FILE

Template fields: {conf} {stats_port} {stats_interval} {log} {pid} {tmp}.  Extra
per-case arguments ("proxy_args") are appended to the command.

CASE FORMAT (files *.json in tests/data/transcripts, {"about":..., "cases":[...]})

  name, notes          free text
  config               yaml; @LISTEN@ @LISTEN2@ are proxy ports, @B0@ @B1@ ...
                       are backend ports, @TMP@ is a scratch directory
  backends             list; index is the number used as @Bn@
      {"type":"memcached"|"redis", "args":[...], "private":true, "unix":true}
      {"type":"down"}                   nothing listens on the port
      {"type":"fake", "proto":"mc"|"redis", "mode":..., "replies":[...]}
  proxy_args           extra proxy arguments
  host                 address to connect to instead of 127.0.0.1
  unix_listen          paths of unix sockets the proxy listens on
  steps                list of {"do": ...}
      connect  c [to]            open client connection (implicit on first send)
      send     c data [gap_ms]   data: one chunk or a list of chunks, sent as
                                 separate writes gap_ms apart (default 40);
                                 "fin": half close in the same segment
      recv     c expect closed [min_ms max_ms quiet_ms]
                                 closed: true, false, or null (not compared)
      shutdown c                 half close (no more client data)
      close    c / reset c       close, or close with RST
      sleep    ms
      kill b / start b / stop b / cont b     backend control (SIGKILL/STOP/CONT)
      mode     b mode [replies]  change the behaviour of a fake backend
      direct   b data expect     talk to a backend without the proxy
      upstream b expect          list (one entry per connection, accept order) of
                                 all bytes a fake backend has received so far
      nconn    b expect          connections a fake backend accepted so far
      stats    select expect     values of "a/b" paths in the stats JSON
      statraw                    stats JSON shape (keys and types, in order)
      proxy    signal expect     send a signal to the proxy; exit status or null
      alive    expect            is the proxy process still running?
  kind                 "required" (default); "quirk" (a documented oddity which a
                       better proxy may deliberately do differently); "hangup" (the
                       recorded proxy closes the connection on malformed or
                       unsupported input; a better one answers with an error)
  unstable             true: never counted, shown with --unstable

BYTES are JSON strings holding latin-1 text (one char = one byte).  Long runs are
written as a list of parts: strings and {"rep": "x", "n": 5000}.
A chunk list in "send" is therefore a list of such values, with a run-length
chunk written as {"parts": [...]}.

FAKE BACKENDS understand enough of the protocol to see where a request ends and
answer it with the next element of "replies" (the last one repeats):
  "text"                          write these bytes
  null                            do not answer (hang)
  {"data": .., "delay_ms": .., "close": true}   wait, write, 30 ms later close;
                                  "reset" instead of "close": close with RST;
                                  "fin": data and FIN leave in one segment;
                                  "then_ms": other pause before the close
  {"chunks": [..], "gap_ms": ..}  write in pieces
modes: "reply" (default), "ident" (answers retrieval requests with its own
number), "echoargs" (redis: answers with an integer, the number of arguments),
"hang", "close_on_accept", "close_on_data", "reset_on_data",
"answer_early" (answers the first bytes of a request and then reads no more)
"""

import argparse
import base64
import glob
import json
import os
import re
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HOST = "127.0.0.1"
DEFAULT_PROXY = ("nutcracker -c {conf} -s {stats_port} -a 127.0.0.1 "
                 "-i {stats_interval} -v 5 -o {log} -p {pid}")


# ------------------------------------------------------------------ bytes codec

def enc(data):
    """bytes -> JSON value (latin-1 text, or parts when there are long runs)."""
    parts, i, lit = [], 0, bytearray()
    n = len(data)
    while i < n:
        j = i
        while j < n and data[j] == data[i]:
            j += 1
        if j - i >= 48:
            if lit:
                parts.append(lit.decode("latin-1"))
                lit = bytearray()
            parts.append({"rep": chr(data[i]), "n": j - i})
        else:
            lit += data[i:j]
        i = j
    if lit:
        parts.append(lit.decode("latin-1"))
    if not parts:
        return ""
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return parts


def dec(value):
    if value is None:
        return b""
    if isinstance(value, str):
        return value.encode("latin-1")
    if isinstance(value, dict):
        if "parts" in value:
            return b"".join(dec(v) for v in value["parts"])
        if "b64" in value:
            return base64.b64decode(value["b64"])
        return value["rep"].encode("latin-1") * value["n"]
    return b"".join(dec(v) for v in value)


def chunks_of(value):
    """value of a send step -> list of byte chunks."""
    if isinstance(value, list):
        return [dec(v) for v in value]
    return [dec(value)]


def show(data, limit=300):
    text = repr(data)[1:]
    if len(text) > limit:
        text = text[:limit // 2] + " ...(%d bytes)... " % len(data) + text[-limit // 2:]
    return text


# --------------------------------------------------------------------- backends

class Fake:
    """Scripted backend: listens, records what it receives, answers by script."""

    def __init__(self, port, index, spec):
        self.port, self.index = port, index
        self.proto = spec.get("proto", "mc")
        self.mode = spec.get("mode", "reply")
        self.replies = list(spec.get("replies", []))
        self.pos = 0
        self.received = []
        self.socks = []
        self.lock = threading.Lock()
        self.sock = None
        self.start()

    def start(self):
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind((HOST, self.port))
        self.sock.listen(64)
        threading.Thread(target=self.accept_loop, args=(self.sock,), daemon=True).start()

    def set(self, mode=None, replies=None):
        with self.lock:
            if mode is not None:
                self.mode = mode
            if replies is not None:
                self.replies, self.pos = list(replies), 0

    def accept_loop(self, lsock):
        while True:
            try:
                conn, _ = lsock.accept()
            except OSError:
                return
            conn.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                slot = len(self.received)
                self.received.append(b"")
                self.socks.append(conn)
            if self.mode == "close_on_accept":
                conn.close()
                continue
            threading.Thread(target=self.serve, args=(conn, slot), daemon=True).start()

    @staticmethod
    def abort(conn):
        conn.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        conn.close()

    def serve(self, conn, slot):
        buf = b""
        while True:
            try:
                data = conn.recv(65536)
            except OSError:
                return
            if not data:
                try:
                    conn.close()
                except OSError:
                    pass
                return
            with self.lock:
                self.received[slot] += data
            if self.mode == "hang":
                continue
            if self.mode == "answer_early":
                conn.sendall(dec(self.replies[0]))
                time.sleep(3)
                conn.close()
                return
            if self.mode == "close_on_data":
                conn.close()
                return
            if self.mode == "reset_on_data":
                self.abort(conn)
                return
            buf += data
            while True:
                try:
                    req, used = (mc_request if self.proto == "mc" else redis_request)(buf)
                except ValueError:
                    buf = b""
                    break
                if req is None:
                    break
                buf = buf[used:]
                if not self.answer(conn, req):
                    return

    def answer(self, conn, req):
        """send the scripted reply; False when the connection was closed."""
        if self.mode == "ident":
            out = ident_reply(self.proto, self.index, req)
        elif self.mode == "echoargs":
            out = b":%d\r\n" % len(req)
        else:
            with self.lock:
                if not self.replies:
                    return True
                rep = self.replies[min(self.pos, len(self.replies) - 1)]
                self.pos += 1
            if rep is None:
                return True
            if isinstance(rep, dict) and not ("rep" in rep or "parts" in rep or "b64" in rep):
                if rep.get("delay_ms"):
                    time.sleep(rep["delay_ms"] / 1000)
                try:
                    if "chunks" in rep:
                        for i, c in enumerate(rep["chunks"]):
                            if i:
                                time.sleep(rep.get("gap_ms", 40) / 1000)
                            conn.sendall(dec(c))
                    else:
                        more = getattr(socket, "MSG_MORE", 0) if rep.get("fin") else 0
                        conn.sendall(dec(rep.get("data", "")), more)
                    if rep.get("fin"):
                        conn.close()
                        return False
                    if rep.get("close") or rep.get("reset"):
                        time.sleep(rep.get("then_ms", 30) / 1000)
                    if rep.get("reset"):
                        self.abort(conn)
                        return False
                    if rep.get("close"):
                        conn.close()
                        return False
                except OSError:
                    return False
                return True
            out = dec(rep)
        if not out:
            return True
        try:
            conn.sendall(out)
        except OSError:
            return False
        return True

    def kill(self):
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
        with self.lock:
            socks, self.socks = self.socks, []
        for s in socks:                 # what the kernel does for a killed process
            try:
                s.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
            s.close()

    close = kill


def mc_request(buf):
    """-> (tokens, bytes used) or (None, 0)."""
    i = buf.find(b"\r\n")
    if i < 0:
        return None, 0
    tok = buf[:i].split()
    if not tok:
        return [b""], i + 2
    if tok[0] in (b"set", b"add", b"replace", b"append", b"prepend", b"cas"):
        try:
            n = int(tok[4])
        except (IndexError, ValueError):
            raise ValueError
        end = i + 2 + n + 2
        if len(buf) < end:
            return None, 0
        return tok + [buf[i + 2:end - 2]], end
    return tok, i + 2


def redis_request(buf):
    if not buf:
        return None, 0
    if buf[:1] != b"*":
        raise ValueError
    i = buf.find(b"\r\n")
    if i < 0:
        return None, 0
    n, pos, args = int(buf[1:i]), i + 2, []
    for _ in range(n):
        i = buf.find(b"\r\n", pos)
        if i < 0:
            return None, 0
        ln = int(buf[pos + 1:i])
        pos = i + 2
        if len(buf) < pos + ln + 2:
            return None, 0
        args.append(buf[pos:pos + ln])
        pos += ln + 2
    return args, pos


def ident_reply(proto, index, req):
    me = str(index).encode()
    cmd = req[0].lower()
    if proto == "mc":
        if cmd in (b"get", b"gets"):
            out = b""
            for k in req[1:]:
                cas = b" 1" if cmd == b"gets" else b""
                out += b"VALUE %s 0 %d%s\r\n%s\r\n" % (k, len(me), cas, me)
            return out + b"END\r\n"
        if cmd == b"version":
            return b"VERSION server-%s\r\n" % me
        if cmd == b"touch":
            return b"TOUCHED\r\n"
        if cmd in (b"incr", b"decr"):
            return me + b"\r\n"
        if cmd == b"delete":
            return b"DELETED\r\n"
        return b"" if b"noreply" in req else b"STORED\r\n"
    bulk = b"$%d\r\n%s\r\n" % (len(me), me)
    if cmd == b"mget":
        return b"*%d\r\n" % (len(req) - 1) + bulk * (len(req) - 1)
    if cmd in (b"mset", b"auth", b"select"):
        return b"+OK\r\n"
    if cmd in (b"del", b"unlink", b"touch", b"exists"):
        return b":%d\r\n" % (len(req) - 1)
    return bulk


class Real:
    """A memcached or redis-server process."""

    def __init__(self, kind, port, tmp, args=(), unix=None):
        self.kind, self.port, self.tmp = kind, port, tmp
        self.args, self.unix = list(args), unix
        self.proc = None
        self.start()

    def start(self):
        if self.kind == "memcached":
            cmd = ["memcached", "-U", "0", "-m", "64", "-t", "1", "-c", "512"]
            cmd += ["-s", self.unix, "-a", "0777"] if self.unix else ["-l", HOST, "-p", str(self.port)]
            if os.geteuid() == 0:
                cmd += ["-u", "root"]
        else:
            cmd = ["redis-server", "--save", "", "--appendonly", "no", "--dir", self.tmp]
            cmd += (["--port", "0", "--unixsocket", self.unix] if self.unix
                    else ["--port", str(self.port), "--bind", HOST])
        self.proc = subprocess.Popen(cmd + self.args, stdin=subprocess.DEVNULL,
                                     stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.time() + 10
        while time.time() < end:
            try:
                s = self.open()
                s.close()
                return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError("%s did not start on %s" % (self.kind, self.port))

    def open(self):
        if self.unix:
            s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            s.settimeout(3)
            s.connect(self.unix)
            return s
        return socket.create_connection((HOST, self.port), 3)

    def flush(self):
        s = self.open()
        if self.kind == "memcached":
            s.sendall(b"flush_all\r\n")
        else:
            s.sendall(b"*1\r\n$8\r\nFLUSHALL\r\n")
        s.recv(64)
        s.close()

    def kill(self):
        if self.proc and self.proc.poll() is None:
            self.proc.send_signal(signal.SIGCONT)
            self.proc.kill()
            self.proc.wait()

    close = kill

    def sig(self, signo):
        self.proc.send_signal(signo)


class Down:
    def kill(self):
        pass
    close = kill


# ---------------------------------------------------------------------- clients

class Client:
    def __init__(self, addr):
        if isinstance(addr, str):
            self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            self.sock.connect(addr)
        else:
            self.sock = socket.create_connection(addr, 3)
            self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setblocking(True)
        self.dead = None
        self.last_send = time.time()

    def send(self, chunks, gap, fin=False):
        more = getattr(socket, "MSG_MORE", 0)
        for i, c in enumerate(chunks):
            if i:
                time.sleep(gap)
            try:
                self.sock.settimeout(10)
                self.sock.sendall(c, more if fin and i + 1 == len(chunks) else 0)
            except OSError:
                pass            # proxy closed on us: the recv step shows it
        if fin:
            self.sock.shutdown(socket.SHUT_WR)
        self.last_send = time.time()

    def recv(self, want, closed, quiet, limit):
        """Read. want None: until quiet.  Otherwise until len(want) and state."""
        out = b""
        start = time.time()
        end = start + limit
        stamp = None
        while True:
            now = time.time()
            if self.dead:
                break
            if want is None:
                tmo = min(quiet, end - now)
            elif len(out) < len(want) or closed:
                tmo = end - now
            else:
                tmo = min(quiet, end - now)
            if tmo <= 0:
                break
            self.sock.settimeout(tmo)
            try:
                data = self.sock.recv(1 << 20)
            except socket.timeout:
                break
            except ConnectionResetError:
                self.dead = "rst"
                stamp = time.time()
                break
            except OSError:
                self.dead = "err"
                stamp = time.time()
                break
            stamp = time.time()
            if not data:
                self.dead = "eof"
                break
            out += data
            if want is not None and not want.startswith(out):
                # already different: drain shortly and stop
                want = None
                quiet = 0.3
        return out, self.dead, (stamp or time.time()) - self.last_send


# ----------------------------------------------------------------------- runner

class Runner:
    def __init__(self, opts):
        self.o = opts
        self.base = opts.port_base
        self.shared = {}
        self.next_private = 0
        self.next_listen = 0
        self.next_stats = 0
        self.tmp = tempfile.mkdtemp(prefix="replay-")

    def close(self):
        for b in self.shared.values():
            b.close()
        shutil.rmtree(self.tmp, ignore_errors=True)

    @staticmethod
    def port_free(port):
        s = socket.socket()
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((HOST, port))
            return True
        except OSError:
            return False
        finally:
            s.close()

    def _port(self, attr, lo, n):
        for _ in range(n):
            port = self.base + lo + getattr(self, attr) % n
            setattr(self, attr, getattr(self, attr) + 1)
            if self.port_free(port):
                return port
        raise RuntimeError("no free port")

    def private_port(self):
        return self._port("next_private", 100, 350)

    def listen_port(self):
        return self._port("next_listen", 500, 350)

    def stats_port(self):
        return self._port("next_stats", 900, 90)

    def backend(self, i, spec, tmp):
        t = spec["type"]
        if t == "down":
            return Down(), self.private_port()
        if t == "fake":
            port = self.private_port()
            return Fake(port, i, spec), port
        if spec.get("unix"):
            path = os.path.join(tmp, "b%d.sock" % i)
            return Real(t, None, tmp, spec.get("args", []), path), path
        if spec.get("private") or spec.get("args"):
            port = self.private_port()
            return Real(t, port, tmp, spec.get("args", [])), port
        key = (t, i)
        if key not in self.shared:
            port = self.base + (10 if t == "memcached" else 40) + i
            self.shared[key] = Real(t, port, self.tmp)
        b = self.shared[key]
        if b.proc.poll() is not None:
            b.start()
        b.flush()
        return b, b.port

    def start_proxy(self, cmdline, log, targets):
        proc = subprocess.Popen(cmdline, stdin=subprocess.DEVNULL,
                                stdout=subprocess.DEVNULL, stderr=open(log + ".err", "wb"))
        end = time.time() + self.o.start_timeout
        for addr in targets:
            while True:
                if proc.poll() is not None:
                    raise RuntimeError("proxy exited with %s" % proc.returncode)
                try:
                    Client(addr).sock.close()
                    break
                except OSError:
                    if time.time() > end:
                        proc.kill()
                        raise RuntimeError("proxy does not listen")
                    time.sleep(0.01)
        return proc

    # -- one case

    def run(self, case, record=False):
        """-> (list of difference strings, recorded case)."""
        tmp = tempfile.mkdtemp(prefix="case-", dir=self.tmp)
        backends, subst, private = [], {"@TMP@": tmp}, []
        proxy = None
        clients = {}
        diffs = []
        self.case_log = os.path.join(tmp, "proxy.log")
        try:
            for i, spec in enumerate(case.get("backends", [])):
                b, where = self.backend(i, spec, tmp)
                backends.append(b)
                subst["@B%d@" % i] = str(where)
                if b not in self.shared.values():
                    private.append(b)
            listen = {}
            text = case["config"]
            for name in ("LISTEN", "LISTEN2", "LISTEN3"):
                if "@%s@" % name in text:
                    listen[name] = self.listen_port()
                    subst["@%s@" % name] = str(listen[name])
            for k, v in subst.items():
                text = text.replace(k, v)
            conf = os.path.join(tmp, "pool.yml")
            with open(conf, "w", encoding="latin-1") as fh:
                fh.write(text)
            stats_port = self.stats_port()
            fields = dict(conf=conf, stats_port=stats_port, log=self.case_log, tmp=tmp,
                          stats_interval=case.get("stats_interval", 50),
                          pid=os.path.join(tmp, "proxy.pid"))
            cmd = [a.format(**fields) for a in shlex.split(self.o.proxy)]
            cmd += [a.replace("@TMP@", tmp) for a in case.get("proxy_args", [])]
            host = case.get("host", HOST)
            targets = [(host, p) for p in listen.values()]
            targets += [s.replace("@TMP@", tmp) for s in case.get("unix_listen", [])]
            proxy = self.start_proxy(cmd, self.case_log, targets)
            default = targets[0]

            def client(step):
                name = step.get("c", "a")
                if name not in clients:
                    to = step.get("to")
                    if to is None:
                        addr = default
                    elif to.startswith("@TMP@"):
                        addr = to.replace("@TMP@", tmp)
                    else:
                        addr = (host, listen[to])
                    clients[name] = Client(addr)
                return clients[name]

            for n, step in enumerate(case["steps"]):
                do = step["do"]
                where = "step %d (%s%s)" % (n, do, " " + step["c"] if "c" in step else "")
                if do == "connect":
                    client(step)
                elif do == "send":
                    client(step).send(chunks_of(step["data"]), step.get("gap_ms", 40) / 1000,
                                      step.get("fin", False))
                elif do == "recv":
                    self.do_recv(client(step), step, record, diffs, where)
                elif do == "shutdown":
                    client(step).sock.shutdown(socket.SHUT_WR)
                elif do == "close":
                    client(step).sock.close()
                    clients.pop(step.get("c", "a"))
                elif do == "reset":
                    c = clients.pop(step.get("c", "a"))
                    Fake.abort(c.sock)
                elif do == "sleep":
                    time.sleep(step["ms"] / 1000)
                elif do == "kill":
                    backends[step["b"]].kill()
                    time.sleep(0.05)
                elif do == "start":
                    backends[step["b"]].start()
                elif do in ("stop", "cont"):
                    backends[step["b"]].sig(signal.SIGSTOP if do == "stop" else signal.SIGCONT)
                    time.sleep(0.03)
                elif do == "mode":
                    backends[step["b"]].set(step.get("mode"), step.get("replies"))
                elif do == "direct":
                    self.do_direct(backends[step["b"]], step, record, diffs, where)
                elif do in ("upstream", "nconn"):
                    time.sleep(step.get("wait_ms", 60) / 1000)
                    got = [enc(x) for x in backends[step["b"]].received]
                    if do == "nconn":
                        got = len(got)
                    self.check(step, got, record, diffs, where)
                elif do == "stats":
                    self.do_stats(stats_port, step, record, diffs, where)
                elif do == "statraw":
                    time.sleep(0.2)
                    got = shape(json.loads(fetch_stats(stats_port)))
                    self.check(step, got, record, diffs, where)
                elif do == "alive":
                    self.check(step, proxy.poll() is None, record, diffs, where)
                elif do == "proxy":
                    proxy.send_signal(getattr(signal, step["signal"]))
                    time.sleep(0.2)
                    self.check(step, proxy.poll(), record, diffs, where)
                else:
                    raise RuntimeError("unknown step " + do)
            if proxy.poll() is not None and not case.get("proxy_exits"):
                diffs.append("the proxy died with status %s" % proxy.returncode)
        except Exception as exc:                        # noqa: BLE001
            diffs.append("harness: %s: %s" % (type(exc).__name__, exc))
        finally:
            for c in clients.values():
                c.sock.close()
            if proxy is not None and proxy.poll() is None:
                proxy.terminate()
                try:
                    proxy.wait(3)
                except subprocess.TimeoutExpired:
                    proxy.kill()
                    proxy.wait()
            for b in private:
                b.close()
            for b in self.shared.values():
                if b in backends and b.proc.poll() is None:
                    b.sig(signal.SIGCONT)
            if not self.o.keep:
                shutil.rmtree(tmp, ignore_errors=True)
            else:
                print("   kept", tmp)
        return diffs

    def check(self, step, got, record, diffs, where):
        if record:
            step["expect"] = got
        elif got != step.get("expect"):
            diffs.append("%s: expected %s, got %s" % (where, json.dumps(step.get("expect")),
                                                       json.dumps(got)))

    def do_recv(self, client, step, record, diffs, where):
        quiet = step.get("quiet_ms", 250) / 1000
        limit = step.get("limit_ms", 6000) / 1000
        if record:
            got, dead, took = client.recv(None, None, quiet, limit)
            step["expect"] = enc(got)
            step["closed"] = None if step.get("any_close") else bool(dead)
            step["_took"] = int(took * 1000)
            return
        want = dec(step.get("expect"))
        closed = step.get("closed", False)
        any_close = closed is None
        closed = bool(closed)
        tail = max(0.08, quiet if not want and not closed else 0.08)
        got, dead, took = client.recv(want, closed, tail, limit)
        took = int(took * 1000)
        if got != want:
            diffs.append("%s: bytes differ\n      expected %s\n      got      %s"
                         % (where, show(want), show(got)))
        if bool(dead) != closed and not any_close:
            diffs.append("%s: connection is %s, expected %s" % (
                where, "closed" if dead else "open", "closed" if closed else "open"))
        if "min_ms" in step and took < step["min_ms"]:
            diffs.append("%s: answered after %d ms, expected at least %d" % (
                where, took, step["min_ms"]))
        if "max_ms" in step and took > step["max_ms"]:
            diffs.append("%s: answered after %d ms, expected at most %d" % (
                where, took, step["max_ms"]))

    def do_direct(self, backend, step, record, diffs, where):
        s = backend.open()
        s.settimeout(1)
        s.sendall(dec(step["data"]))
        got = b""
        want = dec(step.get("expect")) if not record else None
        try:
            while want is None or len(got) < len(want):
                s.settimeout(0.15 if want is None or got else 1)
                d = s.recv(1 << 20)
                if not d:
                    break
                got += d
        except OSError:
            pass
        s.close()
        if record:
            step["expect"] = enc(got)
        elif got != want:
            diffs.append("%s: expected %s, got %s" % (where, show(want), show(got)))

    def do_stats(self, port, step, record, diffs, where):
        end = time.time() + (0.6 if record else 3)
        while True:
            got = select(json.loads(fetch_stats(port)), step["select"])
            if record:
                if time.time() > end:
                    step["expect"] = got
                    return
            elif got == step["expect"]:
                return
            elif time.time() > end:
                diffs.append("%s: expected %s, got %s" % (where, json.dumps(step["expect"]),
                                                           json.dumps(got)))
                return
            time.sleep(0.07)


def fetch_stats(port):
    s = socket.create_connection((HOST, port), 3)
    s.settimeout(3)
    out = b""
    while True:
        d = s.recv(65536)
        if not d:
            break
        out += d
    s.close()
    return out.decode("latin-1")


def select(tree, paths):
    out = {}
    for p in paths:
        v = tree
        for part in p.split("/"):
            v = v.get(part) if isinstance(v, dict) else None
        out[p] = v
    return out


def shape(tree):
    if isinstance(tree, dict):
        return [[k, shape(v)] for k, v in tree.items()]
    return type(tree).__name__


# ----------------------------------------------------------------- config cases

def run_config_cases(opts, path, record=False):
    """{"name","yaml","args":[..]} -> exit code of -t plus the last stderr line."""
    doc = json.load(open(path))
    same = diff = 0
    exe = shlex.split(opts.proxy)
    cut = next((i for i, a in enumerate(exe) if "{conf}" in a), len(exe))
    exe = exe[:cut - 1] if cut and exe[cut - 1] in ("-c", "--conf-file") else exe[:cut]
    tmp = tempfile.mkdtemp(prefix="conf-")
    for case in doc["cases"]:
        conf = os.path.join(tmp, "c.yml")
        with open(conf, "w", encoding="latin-1") as fh:
            fh.write(case["yaml"])
        p = subprocess.run(exe + ["-t", "-c", conf], stdout=subprocess.DEVNULL,
                           stderr=subprocess.PIPE, timeout=10)
        got = p.returncode
        if record:
            case["exit"] = got
            case["stderr"] = p.stderr.decode("latin-1").replace(conf, "CONF")
        elif got != case["exit"]:
            diff += 1
            print("DIFF  config:%s  exit %s, expected %s" % (case["name"], got, case["exit"]))
            continue
        same += 1
    shutil.rmtree(tmp)
    if record:
        json.dump(doc, open(path, "w"), indent=1)
    print("config cases: %d same / %d different" % (same, diff))
    return diff


# ------------------------------------------------------------------------- main

def main():
    ap = argparse.ArgumentParser(description=__doc__.split("\n\n")[0],
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    data = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "data")
    ap.add_argument("files", nargs="*", help="case files (default: all in tests/data/transcripts)")
    ap.add_argument("--proxy", default=DEFAULT_PROXY, help="command template")
    ap.add_argument("--only", default="", help="only cases whose name contains this")
    ap.add_argument("--port-base", type=int, default=31000)
    ap.add_argument("--start-timeout", type=float, default=10)
    ap.add_argument("--record", action="store_true", help="overwrite the expectations")
    ap.add_argument("--unstable", action="store_true", help="also run cases marked unstable")
    ap.add_argument("--no-quirks", action="store_true", help="leave out cases of kind quirk")
    ap.add_argument("--pool-extra", default="",
                    help="a 'key: value' line added to every pool of every case")
    ap.add_argument("--differences", default="",
                    help="file of accepted differences, one 'case-name: reason' a line")
    ap.add_argument("--config-cases", action="store_true", help="also run config-cases.json")
    ap.add_argument("--keep", action="store_true", help="keep scratch directories")
    ap.add_argument("--json", help="write the result here")
    ap.add_argument("--list", action="store_true")
    ap.add_argument("-v", "--verbose", action="store_true")
    opts = ap.parse_args()
    files = opts.files or sorted(glob.glob(os.path.join(data, "transcripts", "*.json")))
    runner = Runner(opts)
    accepted, stale = {}, []
    if opts.differences:
        for line in open(opts.differences):
            name, _, reason = line.partition(":")
            if name.strip() and not name.startswith("#"):
                accepted[name.strip()] = reason.strip()
    tally = {"accepted": 0}
    same, different, skipped, result = 0, [], 0, {}
    try:
        for path in files:
            doc = json.load(open(path))
            touched = False
            for case in doc["cases"]:
                if opts.only not in case["name"]:
                    continue
                if opts.list:
                    print("%-44s %s" % (case["name"], case.get("notes", "")[:100]))
                    continue
                if case.get("unstable") and not opts.unstable and not opts.record:
                    skipped += 1
                    continue
                if opts.no_quirks and case.get("kind") == "quirk":
                    skipped += 1
                    continue
                if opts.pool_extra:
                    case = dict(case, config=re.sub(
                        r"(?m)^(\S[^\n]*:[ ]*\n)([ ]+)",
                        lambda m: m.group(1) + m.group(2) + opts.pool_extra + "\n" + m.group(2),
                        case["config"]))
                diffs = runner.run(case, opts.record)
                touched = True
                result[case["name"]] = diffs
                if not diffs and case["name"] in accepted:
                    stale.append(case["name"])
                if diffs and accepted.get(case["name"]):
                    tally["accepted"] += 1
                elif diffs:
                    different.append(case["name"])
                    print("DIFF  %s%s" % (case["name"], "  [%s]" % case["kind"]
                                          if case.get("kind", "required") != "required" else ""))
                    for d in diffs:
                        print("    " + d)
                else:
                    same += 1
                    if opts.verbose:
                        print("same  " + case["name"])
                sys.stdout.flush()
            if opts.record and touched:
                with open(path, "w") as fh:
                    fh.write(dump(doc))
    finally:
        runner.close()
    if opts.list:
        return 0
    print("%d same / %d different / %d skipped" % (same, len(different), skipped)
          + (" / %d accepted differences" % tally["accepted"] if opts.differences else ""))
    for name in stale:
        print("listed as different but the same: " + name)
    bad = len(different)
    if opts.config_cases:
        bad += run_config_cases(opts, os.path.join(data, "config", "config-cases.json"), opts.record)
    if opts.json:
        json.dump(result, open(opts.json, "w"), indent=1)
    return 1 if bad else 0


def dump(doc):
    """JSON with one step per line, so that diffs of the files stay readable."""
    out = ["{"]
    for k, v in doc.items():
        if k != "cases":
            out.append(" %s: %s," % (json.dumps(k), json.dumps(v)))
    out.append(' "cases": [')
    for i, case in enumerate(doc["cases"]):
        out.append("  {")
        keys = [k for k in case if k != "steps"]
        for k in keys:
            out.append("   %s: %s," % (json.dumps(k), json.dumps(case[k])))
        out.append('   "steps": [')
        for j, step in enumerate(case["steps"]):
            step = {k: v for k, v in step.items() if not k.startswith("_")}
            out.append("    %s%s" % (json.dumps(step), "," if j + 1 < len(case["steps"]) else ""))
        out.append("   ]")
        out.append("  }" + ("," if i + 1 < len(doc["cases"]) else ""))
    out.append(" ]")
    out.append("}")
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    sys.exit(main())
