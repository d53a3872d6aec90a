# SPDX-License-Identifier: Apache-2.0
"""What the floor needs around it: the floor worker and its nginx, and where no stack is handed
over a MariaDB and a Memcached of its own. Everything lives in one directory, listens on unix
sockets and one free loopback port, and is ended by pid."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import time

PATH = os.environ.get("PATH", "") + ":/usr/sbin:/sbin:/usr/local/sbin"

NGINX = """\
{user}
daemon off;
worker_processes {workers};
pid {dir}/nginx.pid;
error_log {dir}/nginx.error.log warn;
events {{ worker_connections 4096; }}
http {{
    access_log {dir}/nginx.access.log combined buffer=64k flush=1s;
    client_body_temp_path {dir}/body;
    fastcgi_temp_path {dir}/fastcgi;
    proxy_temp_path {dir}/proxy;
    uwsgi_temp_path {dir}/uwsgi;
    scgi_temp_path {dir}/scgi;
    tcp_nodelay on;
    keepalive_requests 1000000000;
    upstream floor {{
        server unix:{dir}/floor.sock max_fails=0;
        keepalive 512;
        keepalive_requests 1000000000;
        keepalive_timeout 3600s;
    }}
    server {{
        listen 127.0.0.1:{port} reuseport backlog=4096;
        location / {{
            fastcgi_pass floor;
            fastcgi_keep_conn on;
            fastcgi_buffer_size 16k;
            fastcgi_buffers 8 16k;
            fastcgi_param REQUEST_METHOD $request_method;
            fastcgi_param REQUEST_URI $request_uri;
            fastcgi_param QUERY_STRING $query_string;
            fastcgi_param CONTENT_TYPE $content_type;
            fastcgi_param CONTENT_LENGTH $content_length;
            fastcgi_param REMOTE_ADDR $remote_addr;
        }}
    }}
}}
"""

MARIADB = """\
[mariadbd]
datadir={dir}/data
socket={dir}/mariadb.sock
pid-file={dir}/mariadb.pid
log-error={dir}/mariadb.log
tmpdir={dir}
skip-networking
skip-name-resolve
server-id=1
log-bin=binlog
binlog-format=ROW
binlog-row-image=MINIMAL
sync-binlog=1
innodb-flush-log-at-trx-commit=1
innodb-buffer-pool-size=512M
innodb-log-file-size=512M
performance-schema=OFF
character-set-server=utf8mb4
collation-server=utf8mb4_bin
"""


def program(name):
    path = shutil.which(name, path=PATH)
    if path is None:
        raise SystemExit(f"bench: {name} is not installed")
    return path


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as s:
        return s.getsockname()[1]


def sql(sock, text, user="root", database=None):
    """Rows of a statement as lists of strings; raises RuntimeError with the server's words."""
    command = [program("mariadb"), "--no-defaults", "-N", "-B", "-u", user, "-S", sock]
    run = subprocess.run(command + ([database] if database else []), input=text, text=True,
                         capture_output=True, check=False)
    if run.returncode != 0:
        raise RuntimeError(run.stderr.strip())
    return [line.split("\t") for line in run.stdout.splitlines()]


def wait_for(what, ready, process, seconds=60):
    end = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > end:
            raise SystemExit(f"bench: {what} does not start")
        time.sleep(0.05)


def answers(sock, user="root"):
    try:
        return sql(sock, "SELECT 1", user) == [["1"]]
    except RuntimeError:
        return False


class Private:
    """The floor with its surroundings. Use as a context manager."""

    def __init__(self, directory, floor_program):
        self.dir = os.path.abspath(directory)
        self.floor_program = floor_program
        self.processes = []
        self.pid = {}
        os.makedirs(self.dir, mode=0o755, exist_ok=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.processes):
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def start(self, name, command, **options):
        with open(f"{self.dir}/{name}.log", "wb") as log:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                       start_new_session=True, **options)
        self.processes.append(process)
        self.pid[name] = process.pid
        return process

    def as_database_user(self):
        """mariadbd refuses to run as root."""
        if os.getuid() != 0:
            return []
        user = pwd.getpwnam("mysql")
        for path in (f"{self.dir}/database", f"{self.dir}/database/data"):
            os.makedirs(path, exist_ok=True)
            os.chown(path, user.pw_uid, user.pw_gid)
        return [program("setpriv"), f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}",
                "--clear-groups", "--"]

    def start_database(self):
        """Returns the socket of a MariaDB of our own."""
        directory = f"{self.dir}/database"
        os.makedirs(f"{directory}/data", exist_ok=True)
        prefix = self.as_database_user()
        config = f"{directory}/mariadb.cnf"
        with open(config, "w", encoding="ascii") as f:
            f.write(MARIADB.format(dir=directory))
        if not os.path.isdir(f"{directory}/data/mysql"):
            subprocess.run(prefix + [program("mariadb-install-db"), f"--defaults-file={config}",
                                     "--auth-root-authentication-method=normal",
                                     "--skip-test-db"],
                           check=True, stdout=subprocess.DEVNULL)
        process = self.start("mariadbd", prefix + [program("mariadbd"),
                                                   f"--defaults-file={config}"])
        sock = f"{directory}/mariadb.sock"
        wait_for("mariadbd", lambda: answers(sock), process)
        return sock

    def start_memcached(self):
        sock = f"{self.dir}/memcached.sock"
        command = [program("memcached"), "-s", sock, "-a", "0700", "-m", "64", "-t", "2"]
        if os.getuid() == 0:
            command += ["-u", "root"]
        process = self.start("memcached", command)
        wait_for("memcached", lambda: os.path.exists(sock), process)
        return sock

    def start_floor(self, database, user, memcached, threads, nginx_workers=1):
        """Returns the port of an nginx with the floor behind it."""
        sock = f"{self.dir}/floor.sock"
        process = self.start("floor", [
            self.floor_program, "--socket", sock, "--memcached", memcached, "--db-socket",
            database, "--db-user", user, "--threads", str(threads)])
        wait_for("floor", lambda: b"ready" in open(f"{self.dir}/floor.log", "rb").read(), process)
        port = free_port()
        with open(f"{self.dir}/nginx.conf", "w", encoding="ascii") as f:
            f.write(NGINX.format(dir=self.dir, port=port,
                                 workers=nginx_workers,
                                 user="user root;" if os.getuid() == 0 else ""))
        process = self.start("nginx", [program("nginx"), "-p", self.dir, "-c",
                                       f"{self.dir}/nginx.conf"])
        wait_for("nginx", lambda: listens(port), process)
        return port


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
        return True
    except OSError:
        return False


def load_floor_schema(sock, user, schema):
    """Makes the floor's database on a server, once; a half-made one is made again."""
    try:
        if sql(sock, "SELECT orders FROM remit_floor.floor_loaded", user) == [["100000"]]:
            return
    except RuntimeError:
        pass
    with open(schema, encoding="utf-8") as f:
        text = f.read()
    sql(sock, "DROP DATABASE IF EXISTS remit_floor; CREATE DATABASE remit_floor;"
        " USE remit_floor;\n" + text, user)
