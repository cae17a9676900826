// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/daemon.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <spdlog/spdlog.h>

#include "api/config/files.hpp"
#include "api/config/service.hpp"
#include "api/metrics/exporter.hpp"
#include "api/server/describe.hpp"
#include "cli/sluiced/crash.hpp"
#include "cli/sluiced/crash_files.hpp"
#include "cli/sluiced/notify.hpp"
#include "cli/sluiced/serve.hpp"
#include "cli/sluiced/system_service.hpp"
#include "graph/eal.hpp"
#include "plugins/host/loader.hpp"
#include "plugins/host/service.hpp"
#include "vnet/service/services.hpp"

namespace cli {

namespace {

constexpr size_t most_crash_reports = 100;

absl::Status register_core(api::Registry& registry, vnet::Router& router, const Options& options) {
    absl::Status status = api::add_describe(registry, product_version());
    if (status.ok()) {
        status = api::add_reflection(registry);
    }
    if (status.ok()) {
        status = vnet::service::register_all(registry, router);
    }
    if (status.ok()) {
        status = register_system(registry, options);
    }
    if (status.ok()) {
        status = api::config::add_config(
            registry, router.engine().control().context(),
            {options.config, [](const std::string& sentence) { spdlog::warn("{}", sentence); }});
    }
    return status;
}

/// The exporter that the options ask for; null where they ask for none.
absl::StatusOr<std::unique_ptr<api::metrics::Exporter>> start_metrics(const Options& options,
                                                                      const api::Registry& registry,
                                                                      graph::Control& control) {
    if (options.metrics.empty()) {
        return nullptr;
    }
    const auto endpoint = api::metrics::parse_endpoint(options.metrics);
    if (!endpoint.ok()) {
        return endpoint.status();
    }
    auto exporter = api::metrics::Exporter::start(registry.metrics(), control.context(), *endpoint);
    if (exporter.ok()) {
        spdlog::info("metrics at {}", to_string((*exporter)->endpoint()));
    }
    return exporter;
}

absl::Status configure(const Options& options, const api::Registry& registry) {
    api::config::Commands commands(registry);
    // Plugins cannot have brought commands that clash: this is said before anybody asks for them.
    if (const auto grammar = commands.grammar(); !grammar.ok()) {
        return grammar.status();
    }
    if (options.config.empty()) {
        return absl::OkStatus();
    }
    const auto text = api::config::read_file(options.config);
    if (!text.ok()) {
        return absl::Status(
            text.status().code(),
            fmt::format("the configuration file: {}", std::string(text.status().message())));
    }
    return api::config::run_lines(*text, options.config, commands, registry);
}

}  // namespace

absl::Status run_daemon(const Options& options) {
    if (auto status = check(options); !status.ok()) {
        return status;
    }
    // A client that breaks off is an error of one call, not a signal.
    signal(SIGPIPE, SIG_IGN);
    graph::EalOptions eal_options;
    eal_options.memory_mb = options.memory_mb;
    eal_options.no_huge = options.no_huge;
    eal_options.pci = options.pci;
    auto eal = graph::Eal::start(eal_options);
    if (!eal.ok()) {
        return eal.status();
    }
    auto engine = graph::Engine::create({options.workers, options.cores, options.buffers});
    if (!engine.ok()) {
        return engine.status();
    }
    graph::Control& control = (*engine)->control();
    keep_last_reports(options.crash_directory, most_crash_reports);
    const CrashReport crash(
        {options.crash_directory, SLUICE_VERSION ", " SLUICE_BUILD, options.plugin_paths},
        **engine);
    auto router = vnet::Router::create(**engine);
    if (!router.ok()) {
        return router.status();
    }
    for (const std::string& warning : (*engine)->warnings()) {
        spdlog::warn("{}", warning);
    }
    api::Registry registry;
    if (auto status = register_core(registry, **router, options); !status.ok()) {
        return status;
    }
    plugins::host::Host host(**router, registry,
                             {options.plugin_paths, options.required_plugins, {}});
    if (auto status = plugins::host::register_service(registry, host); !status.ok()) {
        return status;
    }
    if (auto status = host.load_all(); !status.ok()) {
        return status;
    }
    for (const plugins::host::PluginInfo& plugin : host.list()) {
        if (plugin.state == plugins::host::State::refused) {
            spdlog::error("plugin '{}' was refused: {}", plugin.name, plugin.sentence);
        }
    }
    if (auto status = (*engine)->start(); !status.ok()) {
        return status;
    }
    if (auto status = configure(options, registry); !status.ok()) {
        return status;
    }
    auto servers = Servers::start(options, registry, control.context());
    if (!servers.ok()) {
        return servers.status();
    }
    auto metrics = start_metrics(options, registry, control);
    if (!metrics.ok()) {
        return metrics.status();
    }
    const Notify notify = Notify::from_environment();
    graph::Control::Handle watchdog;
    if (const auto period = notify.period()) {
        watchdog = control.every(*period, [&notify] { notify.alive(); });
    }
    control.on_signals({SIGINT, SIGTERM}, [&](int signal) {
        spdlog::info("signal {}, stopping", signal);
        notify.stopping();
        control.stop();
    });
    spdlog::info("sluiced ready, {} worker{}, {}, API on {}", options.workers,
                 options.workers == 1 ? "" : "s", eal->hugepages() ? "hugepages" : "ordinary pages",
                 (*servers)->places());
    notify.ready();
    control.run();
    metrics->reset();
    servers->reset();
    return absl::OkStatus();
}

}  // namespace cli
