-- Prosody with anonymous users, without limits and without presence in rooms.
run_as_root = true
daemonize = false
pidfile = "@DIR@/prosody.pid"
data_path = "@DIR@"
log = { warn = "@DIR@/prosody.log" }
interfaces = { "127.0.0.1" }
c2s_ports = { @PORT@ }
c2s_direct_tls_ports = {}
s2s_ports = {}
http_ports = {}
https_ports = {}
modules_enabled = { "saslauth", "disco", "posix" }
modules_disabled = { "s2s", "tls", "limits", "offline" }
c2s_require_encryption = false
allow_unencrypted_plain_auth = true
authentication = "anonymous"
network_settings = { tcp_backlog = 4096 }

VirtualHost "localhost"

Component "conference.localhost" "muc"
    restrict_room_creation = false
    muc_room_locking = false
    muc_room_default_presence_broadcast = { visitor = false, participant = false, moderator = false }
