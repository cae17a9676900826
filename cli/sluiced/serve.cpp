// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/serve.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>

#include "cli/sluiced/logs.hpp"

namespace cli {

namespace {

/// As many descriptors as connections of all servers and all else may need.
constexpr rlim_t wanted_descriptors = 8192;
/// Of the process's descriptors, what one server's connections may take.
constexpr rlim_t share_of_a_server = 4;
/// In a second.
constexpr unsigned most_audit_lines = 50;

/// Lets this process have more descriptors, as far as it may by itself; how many it has then.
rlim_t raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) {
        return wanted_descriptors;
    }
    if (limit.rlim_cur < wanted_descriptors) {
        rlimit more = limit;
        more.rlim_cur = std::min(limit.rlim_max, wanted_descriptors);
        if (::setrlimit(RLIMIT_NOFILE, &more) == 0) {
            return more.rlim_cur;
        }
    }
    return limit.rlim_cur;
}

void log_call(spdlog::logger& log, const api::AuditedCall& call) {
    if (call.verdict.ok()) {
        log.info("audit: {} calls {}", call.caller, call.method);
    } else {
        log.warn("audit: {} may not call {}", call.caller, call.method);
    }
}

}  // namespace

absl::StatusOr<std::unique_ptr<Servers>> Servers::start(const Options& options,
                                                        api::Registry& registry,
                                                        boost::asio::io_context& control) {
    auto wanted = server_options(options.socket, options.api);
    if (!wanted.ok()) {
        return wanted.status();
    }
    const rlim_t share = raise_descriptor_limit() / share_of_a_server;
    const auto audit = bounded_logger("audit", most_audit_lines);
    std::unique_ptr<Servers> servers(new Servers());
    for (api::Server::Options& server : *wanted) {
        server.max_connections = std::min<std::size_t>(server.max_connections, share);
        server.on_write = [audit](const api::AuditedCall& call) { log_call(*audit, call); };
        server.on_warning = [](const std::string& sentence) { spdlog::warn("{}", sentence); };
        const bool is_tls = server.tls.has_value();
        const std::string path = server.unix_path;
        if (!is_tls && server.role == api::Role::write && (server.mode & S_IWOTH) != 0) {
            spdlog::warn("every user of this machine may change the router: --socket-mode {:04o}",
                         server.mode);
        }
        auto started = api::Server::start(registry, control, std::move(server));
        if (!started.ok()) {
            return started.status();
        }
        servers->places_.push_back(is_tls ? to_string((*started)->address()) : path);
        servers->servers_.push_back(*std::move(started));
    }
    return servers;
}

std::string Servers::places() const {
    return fmt::format("{}", fmt::join(places_, " and "));
}

}  // namespace cli
