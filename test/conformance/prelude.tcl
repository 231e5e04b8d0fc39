# Evaluated in the suite's test client before each unit. It keeps one failure from deciding over the tests after it:
# set-up lines run one by one, a reply that does not come is an error and not a hang, and after a failed test the
# connections it opened are closed, what it configured is set back and the main connection is a new one that speaks the
# same protocol.
# KVNS_MODE (external, forced, spawn) and KVNS_REPLY_MS come from the environment.

namespace eval ::kvns {
    variable mode $::env(KVNS_MODE)
    variable reply_ms $::env(KVNS_REPLY_MS)
    variable settings {}
    variable changed {}
    variable wakeups 0
}

proc ::kvns::note {what message} {
    set first [lindex [split [string trim $what] "\n"] 0]
    send_data_packet $::test_server_fd note "$first: $message"
}

# Runs a script command by command, `depth` frames above the caller: a failing line is noted and the next one runs.
proc ::kvns::each_command {depth script} {
    incr depth
    set command ""
    foreach line [split $script "\n"] {
        append command $line "\n"
        if {![info complete $command]} continue
        set code [catch {uplevel $depth $command} message options]
        if {$code == 1} {
            note $command $message
        } elseif {$code != 0} {
            return -options $options $message
        }
        set command ""
    }
}
proc ::kvns::block {script} {
    uplevel 1 [list ::kvns::each_command 0 $script]
}
proc ::kvns::unit {path} {
    set file [open $path]
    set script [read $file]
    close $file
    each_command 1 $script
}

# What the tests set with CONFIG SET, so that a failed one can be undone.
rename ::redis::__dispatch__ ::kvns::dispatch
proc ::redis::__dispatch__ {id method args} {
    if {[string equal -nocase $method config] && [string equal -nocase [lindex $args 0] set]} {
        foreach {name value} [lrange $args 1 end] {::kvns::remember [string tolower $name] $value}
    }
    if {[string equal -nocase $method hello] && [llength $args]} {set ::kvns::protocols($id) [lindex $args 0]}
    tailcall ::kvns::dispatch $id $method {*}$args
}
proc ::kvns::remember {name value} {
    variable settings
    variable changed
    if {![dict exists $settings $name]} return
    if {![dict exists $changed $name]} {dict set changed $name [dict get $settings $name]}
    dict set settings $name $value
}

proc ::kvns::client_of {server} {
    if {[dict exists $server client]} {return [dict get $server client]}
    return ""
}

# After a failed test. `mark` is the number of the last connection that was there before it.
proc ::kvns::heal {mark} {
    variable mode
    variable changed
    if {![llength $::servers]} return
    set keep [lmap server $::servers {client_of $server}]
    for {set id [expr {$mark + 1}]} {$id <= $::redis::id} {incr id} {
        set handle ::redis::redisHandle$id
        if {$handle ni $keep} {catch {$handle close}}
    }
    set server [lindex $::servers end]
    set protocol 2
    regexp {redisHandle(\d+)$} [client_of $server] _ id
    if {[info exists ::kvns::protocols($id)]} {set protocol $::kvns::protocols($id)}
    catch {[client_of $server] close}
    # A server that died is started again by the runner: wait for it.
    set tries [expr {$mode eq "spawn" ? 1 : 100}]
    while {[catch {redis [dict get $server host] [dict get $server port] 0 $::tls} client]} {
        if {[incr tries -1] <= 0} return
        after 100
    }
    dict set server client $client
    lset ::servers end $server
    foreach command {{script kill} {function kill} {client unpause}} {catch {$client {*}$command}}
    dict for {name value} $changed {catch {$client config set $name $value}}
    if {!$::singledb} {catch {$client select 9}}
    if {$protocol != 2} {catch {$client hello $protocol}}
}

rename ::test ::kvns::suite_test
proc ::test {args} {
    set mark $::redis::id
    set failed $::num_failed
    set ::kvns::changed {}
    set code [catch {uplevel 1 [list ::kvns::suite_test {*}$args]} message]
    if {$code == 1} {send_data_packet $::test_server_fd err "[lindex $args 0] in $::curfile\n$message"}
    if {$code == 1 || $::num_failed != $failed} {::kvns::heal $mark}
}

# A blocking read gives up after KVNS_REPLY_MS.
proc ::kvns::await {fd} {
    variable reply_ms
    variable wakeups
    if {![fconfigure $fd -blocking] || [eof $fd] || [chan pending input $fd] > 0} return
    set slot ::kvns::wakeup[incr wakeups]
    set before [fileevent $fd readable]
    set timer [after $reply_ms [list set $slot late]]
    fileevent $fd readable [list set $slot data]
    vwait $slot
    after cancel $timer
    catch {fileevent $fd readable $before}
    set outcome [set $slot]
    unset $slot
    if {$outcome eq "late"} {error "no reply within $reply_ms ms"}
}
rename ::redis::redis_safe_read ::kvns::read_bytes
proc ::redis::redis_safe_read {fd len} {
    ::kvns::await $fd
    ::kvns::read_bytes $fd $len
}
rename ::redis::redis_safe_gets ::kvns::read_line
proc ::redis::redis_safe_gets {fd} {
    ::kvns::await $fd
    ::kvns::read_line $fd
}

rename ::tags ::kvns::suite_tags
proc ::tags {tags script} {
    uplevel 1 [list ::kvns::suite_tags $tags [list ::kvns::block $script]]
}

if {$::kvns::mode eq "spawn"} {
    # Saves have no process of their own. The tests that kill one mean a save that fails: it does when its file is gone.
    proc ::get_child_pid {level} {return "kvns-save-$level"}
    proc ::kvns::fail_save {level} {
        set config [dict get [lindex $::servers end+$level] config]
        set temps "*.tmp.[srv $level pid].*"
        foreach file [glob -nocomplain -directory [dict get $config dir] $temps */$temps] {file delete $file}
    }
    rename ::exec ::kvns::exec
    proc ::exec {args} {
        if {[regexp {^kill -9 kvns-save-(-?\d+)$} $args _ level]} {::kvns::fail_save $level} else {tailcall ::kvns::exec {*}$args}
    }

    # Waits for a server to start and to be ready end when it has died.
    proc ::kvns::runs {pid} {
        expr {![catch {::kvns::exec grep -q "^State:.\[^ZX\]" /proc/$pid/status}]}
    }
    proc ::kvns::died {log} {error "the server died before it was ready: [::kvns::exec tail -1 $log]"}
    # Returns whether the port was taken.
    proc ::wait_server_started {config_file stdout pid} {
        while 1 {
            set runs [::kvns::runs $pid]
            set log [::kvns::exec cat $stdout]
            if {[regexp -- " PID: $pid" $log]} {return 0}
            if {[regexp {cannot listen on} $log]} {
                # The suite empties the log then, and would wait for the lines that were in it.
                upvar 1 previous_ready_count before
                set before 0
                return 1
            }
            if {!$runs} {::kvns::died $stdout}
            after 20
        }
    }
    rename ::count_message_lines ::kvns::count_lines
    proc ::count_message_lines {file pattern} {
        upvar 1 pid pid previous_ready_count before
        set runs [expr {![info exists pid] || ![info exists before] || [::kvns::runs $pid]}]
        set lines [::kvns::count_lines $file $pattern]
        if {!$runs && $lines == $before} {::kvns::died $file}
        return $lines
    }

    rename ::start_server ::kvns::suite_start_server
    proc ::start_server {options {script undefined}} {
        if {$script eq "undefined"} {tailcall ::kvns::suite_start_server $options}
        set depth [llength $::servers]
        set tags $::tags
        set code [catch {uplevel 1 [list ::kvns::suite_start_server $options [list ::kvns::block $script]]} message]
        set ::tags $tags
        if {$code} {
            ::kvns::note "start_server $options" $message
            set ::servers [lrange $::servers 0 $depth-1]
        }
    }
} else {
    # The block of a start_server when the server is not the suite's own: connect, empty it, configure it, run, set back.
    proc ::run_external_server_test {script overrides} {
        set client [redis $::host $::port 0 $::tls]
        if {!$::singledb} {catch {$client select 9}}
        lappend ::servers [dict create host $::host port $::port client $client config [dict create port $::port]]
        catch {r flushall}
        catch {r function flush}
        set before {}
        foreach {name value} $overrides {
            if {[catch {
                set old [lindex [r config get $name] 1]
                r config set $name $value
                dict set before $name $old
                if {$name eq "appendonly" && $value eq "yes"} {waitForBgrewriteaof r}
            } message]} {::kvns::note "override $name $value" $message}
        }
        ::kvns::each_command 2 $script
        dict for {name value} $before {catch {r config set $name $value}}
        catch {[::kvns::client_of [lindex $::servers end]] close}
        set ::servers [lrange $::servers 0 end-1]
    }

    catch {
        set ::kvns::first [redis $::host $::port 0 $::tls]
        foreach {name value} [$::kvns::first config get *] {dict set ::kvns::settings [string tolower $name] $value}
        $::kvns::first close
    }
}
if {$::kvns::mode eq "forced"} {
    rename ::tags_acceptable ::kvns::suite_tags_acceptable
    proc ::tags_acceptable {tags reason} {
        upvar 1 $reason why
        ::kvns::suite_tags_acceptable [lsearch -all -inline -not -exact $tags external:skip] why
    }
}
