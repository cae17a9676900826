// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sched.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/file.hpp"
#include "cli/sluiced/doctor/probe.hpp"

namespace cli::doctor {

namespace fs = std::filesystem;

namespace {

Capabilities own_capabilities() {
    Capabilities capabilities;
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);) {
        uint64_t mask = 0;
        if (std::sscanf(line.c_str(), "CapEff: %" SCNx64, &mask) == 1) {
            for (unsigned bit = 0; bit < 64; ++bit) {
                if ((mask >> bit & 1) != 0) {
                    capabilities.insert(bit);
                }
            }
        }
    }
    return capabilities;
}

std::optional<uint32_t> ask(int fd, const std::string& interface, uint32_t command) {
    ethtool_value value{};
    value.cmd = command;
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&value);
    if (ioctl(fd, SIOCETHTOOL, &request) != 0) {
        return std::nullopt;
    }
    return value.data;
}

/// The name of the interface's driver; empty where it is not told.
std::string driver_of(const std::string& interface) {
    const api::File socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ethtool_drvinfo info{};
    info.cmd = ETHTOOL_GDRVINFO;
    ifreq request{};
    std::strncpy(request.ifr_name, interface.c_str(), IFNAMSIZ - 1);
    request.ifr_data = reinterpret_cast<char*>(&info);
    return ioctl(socket.get(), SIOCETHTOOL, &request) == 0 ? info.driver : "";
}

std::optional<Offloads> offloads_of(const std::string& interface) {
    const api::File socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto flags = ask(socket.get(), interface, ETHTOOL_GFLAGS);
    const auto checksum = ask(socket.get(), interface, ETHTOOL_GTXCSUM);
    if (!flags || !checksum) {
        return std::nullopt;
    }
    const auto on = [&](uint32_t command) {
        return ask(socket.get(), interface, command).value_or(0) != 0;
    };
    Offloads offloads;
    offloads.tx_checksum = *checksum != 0;
    offloads.tso = on(ETHTOOL_GTSO);
    offloads.gso = on(ETHTOOL_GGSO);
    offloads.gro = on(ETHTOOL_GGRO);
    offloads.lro = (*flags & ETH_FLAG_LRO) != 0;
    return offloads;
}

/// The daemon that holds the lock beside a socket, by the same rule as api::Listener.
std::optional<pid_t> holder_of(const std::string& socket) {
    const std::string name = socket + ".lock";
    const api::File lock(::open(name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!lock || ::flock(lock.get(), LOCK_SH | LOCK_NB) == 0 || errno != EWOULDBLOCK) {
        return std::nullopt;
    }
    pid_t pid = 0;
    std::ifstream(name) >> pid;
    return pid;
}

void probe_socket(const std::string& socket, System& system) {
    const fs::path folder = fs::absolute(socket).parent_path();
    system.socket_folder = folder;
    // What is missing of the way there is made by the daemon.
    fs::path there = folder;
    std::error_code error;
    while (!fs::exists(there, error) && there != there.root_path()) {
        there = there.parent_path();
    }
    system.socket_folder_writable =
        fs::is_directory(there, error) && ::access(there.c_str(), W_OK | X_OK) == 0;
    const auto status = fs::symlink_status(socket, error);
    system.socket_is_a_file = fs::exists(status) && !fs::is_socket(status);
    system.running_daemon = holder_of(socket);
}

}  // namespace

void probe_process(const Options& options, System& system) {
    system.capabilities = own_capabilities();
    rlimit limit{};
    if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY) {
        system.memlock_bytes = limit.rlim_cur;
    }
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0) {
        for (unsigned core = 0; core < CPU_SETSIZE; ++core) {
            if (CPU_ISSET(core, &allowed)) {
                system.allowed_cores.insert(core);
            }
        }
    }
    for (HostInterface& interface : system.interfaces) {
        interface.offloads = offloads_of(interface.name);
        interface.veth = driver_of(interface.name) == "veth";
    }
    probe_socket(options.socket, system);
    std::error_code error;
    for (const std::string& folder : options.plugin_paths) {
        if (fs::is_directory(folder, error)) {
            system.plugin_folders.insert(folder);
        }
    }
    std::ifstream config(options.config);
    std::stringstream text;
    if (!options.config.empty() && config && (text << config.rdbuf() || config.eof())) {
        system.config_text = text.str();
    }
}

System probe(const Options& options) {
    System system;
    probe_files("", system);
    probe_process(options, system);
    return system;
}

}  // namespace cli::doctor
