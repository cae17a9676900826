// SPDX-License-Identifier: Apache-2.0
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <exception>

#include "cli/sluiced/daemon.hpp"
#include "cli/sluiced/log_format.hpp"
#include "cli/sluiced/logs.hpp"
#include "cli/sluiced/system_service.hpp"

namespace {

void add_api_options(CLI::App& app, cli::ApiOptions& api) {
    app.add_option("--socket-mode", api.socket_mode, "Octal mode of the socket")
        ->capture_default_str();
    app.add_option("--socket-group", api.socket_group, "Group of the socket, and of the read-only");
    app.add_option("--read-socket", api.read_socket, "Second socket, whose callers may only read");
    app.add_option("--read-socket-mode", api.read_socket_mode, "Octal mode of the second socket")
        ->capture_default_str();
    app.add_option("--listen", api.listen,
                   "ADDRESS:PORT to serve the API on by TCP, with mutual TLS");
    app.add_option("--tls-certificate", api.tls_certificate,
                   "PEM file of the daemon's certificate");
    app.add_option("--tls-key", api.tls_key, "PEM file of its private key");
    app.add_option("--tls-ca", api.tls_ca, "PEM file of the authorities of clients' certificates");
    app.add_option("--tls-roles", api.tls_roles,
                   "File of lines 'NAME read' and 'NAME write', by clients' certificates");
}

}  // namespace

int main(int argc, char** argv) {
    cli::Options options;
    std::string cores;
    CLI::App app("sluiced: a software router. Talk to it with sluicectl.");
    app.set_version_flag("--version", std::string(cli::product_version()));
    app.add_option("--config", options.config, "File of command lines to run at start");
    app.add_option("--socket", options.socket, "Unix socket to serve the API on")
        ->capture_default_str();
    add_api_options(app, options.api);
    app.add_option("--workers", options.workers, "Threads that forward packets")
        ->capture_default_str();
    app.add_option("--cores", cores,
                   "A core for each worker, as in 2,4-6; not pinned where left out");
    app.add_option("--memory", options.memory_mb, "Memory for packets and DPDK, in MB")
        ->capture_default_str();
    app.add_option("--buffers", options.buffers, "Packet buffers")->capture_default_str();
    app.add_flag("--no-huge", options.no_huge, "Ordinary pages even where hugepages are free");
    app.add_flag("--pci", options.pci, "Let DPDK look for PCI devices");
    app.add_option("--plugin-path", options.plugin_paths, "Folder of plugins; may be given again");
    app.add_option("--plugin", options.required_plugins, "Plugin to insist on; may be given again");
    app.add_option("--metrics", options.metrics,
                   "Serve OpenMetrics by HTTP at [ADDRESS:]PORT or unix:PATH; off by default");
    app.add_option("--crash-directory", options.crash_directory,
                   "Folder for the report of a crash; the service's state directory by default")
        ->envname("STATE_DIRECTORY");
    app.add_option("--log-level", options.log_level, "trace, debug, info, warning, error")
        ->capture_default_str()
        ->check(CLI::IsMember({"trace", "debug", "info", "warning", "error"}));
    bool doctor = false;
    std::string format = "text";
    app.add_flag("--doctor", doctor,
                 "Say what of this machine is in the way of these options, start nothing");
    app.add_option("--format", format, "Of what the doctor says: text, json")
        ->capture_default_str()
        ->needs("--doctor")
        ->check(CLI::IsMember({"text", "json"}));
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }

    spdlog::set_default_logger(spdlog::stderr_color_mt("sluiced"));
    const char* journal = std::getenv("JOURNAL_STREAM");
    spdlog::set_formatter(
        cli::log_format(journal != nullptr && cli::leads_to_journal(journal, STDERR_FILENO)));
    spdlog::set_level(spdlog::level::from_str(options.log_level));
    cli::take_library_logs();
    if (!cores.empty()) {
        auto parsed = cli::parse_cores(cores);
        if (!parsed.ok()) {
            spdlog::error("{}", std::string(parsed.status().message()));
            return 2;
        }
        options.cores = *parsed;
        if (app.count("--workers") == 0) {
            options.workers = unsigned(parsed->size());
        }
    }
    if (options.plugin_paths.empty()) {
        options.plugin_paths.push_back(cli::default_plugin_path());
    }
    try {
        if (doctor) {
            return cli::run_doctor(options, format == "json") ? 0 : 1;
        }
        const absl::Status status = cli::run_daemon(options);
        if (!status.ok()) {
            spdlog::error("{}", std::string(status.message()));
            return 1;
        }
    } catch (const std::exception& error) {
        spdlog::error("{}", error.what());
        return 1;
    }
    return 0;
}
