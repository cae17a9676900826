// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <linux/capability.h>

#include <algorithm>
#include <array>

#include "cli/sluiced/doctor/examine.hpp"

namespace cli::doctor {

namespace {

struct Need {
    unsigned capability;
    const char* name;
    const char* cost;
};
constexpr std::array<Need, 3> needs = {
    Need{CAP_NET_ADMIN, "cap_net_admin", "taps and af_xdp ports cannot be added"},
    Need{CAP_NET_RAW, "cap_net_raw", "af_packet and af_xdp ports cannot be added"},
    Need{CAP_IPC_LOCK, "cap_ipc_lock", "hugepages and PCI devices may not be had"},
};

}  // namespace

void examine_permissions(const System& system, Findings& findings) {
    std::string names;
    std::string costs;
    for (const Need& need : needs) {
        if (!system.capabilities.contains(need.capability)) {
            names += fmt::format("{}{}", names.empty() ? "" : ",", need.name);
            costs += fmt::format("{}{}", costs.empty() ? "" : "; ", need.cost);
        }
    }
    if (names.empty()) {
        findings.push_back({Level::ok, "permissions", "all that are needed are there", "", ""});
    } else {
        findings.push_back({Level::warning, "permissions", fmt::format("{} missing", names), costs,
                            "run it as root, or: setcap "
                            "cap_net_admin,cap_net_raw,cap_ipc_lock+ep $(command -v sluiced)"});
    }
    if (!system.tun_device) {
        findings.push_back({Level::warning, "tap", "/dev/net/tun is not there",
                            "taps cannot be added", "modprobe tun"});
    }
}

void examine_files(const System& system, const Options& options, Findings& findings) {
    if (const absl::Status status = check(options); !status.ok()) {
        findings.push_back({Level::error, "options", std::string(status.message()),
                            "the router does not start", "sluiced --help"});
    }
    if (system.running_daemon) {
        findings.push_back(
            {Level::error, "socket",
             fmt::format("process {} serves {} already", *system.running_daemon, options.socket),
             "a second daemon is refused",
             fmt::format("kill {}, or give another --socket", *system.running_daemon)});
    } else if (system.socket_is_a_file) {
        findings.push_back({Level::error, "socket",
                            fmt::format("{} exists and is not a socket", options.socket),
                            "the API cannot be served there",
                            fmt::format("rm {}, or give another --socket", options.socket)});
    } else if (!system.socket_folder_writable) {
        findings.push_back(
            {Level::error, "socket",
             fmt::format("{} may not be written by this user", system.socket_folder),
             "the API cannot be served there",
             fmt::format("install -d -o $(id -un) {}, as root, or give another --socket",
                         system.socket_folder)});
    } else {
        findings.push_back({Level::ok, "socket",
                            fmt::format("the API can be served on {}", options.socket), "", ""});
    }
    if (!options.config.empty() && !system.config_text) {
        findings.push_back({Level::error, "config",
                            fmt::format("{} cannot be read", options.config),
                            "the router does not start", fmt::format("ls -l {}", options.config)});
    }
    for (const std::string& folder : options.plugin_paths) {
        if (!system.plugin_folders.contains(folder)) {
            findings.push_back({Level::warning, "plugins", fmt::format("{} is no folder", folder),
                                "its plugins, and the commands they bring, are missing",
                                "give the folder they are in with --plugin-path"});
        }
    }
}

}  // namespace cli::doctor
