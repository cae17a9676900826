// SPDX-License-Identifier: Apache-2.0
#include "cli/sluiced/system_service.hpp"

#include <fmt/format.h>
#include <rte_eal.h>
#include <rte_version.h>
#include <unistd.h>

#include <chrono>
#include <vector>

#include "api/grammar/json.hpp"
#include "cli/sluiced/doctor/examine.hpp"
#include "cli/sluiced/doctor/probe.hpp"
#include "vnet/isa.hpp"
#include "vnet/proto/system.pb.h"

namespace cli {

namespace {

using Clock = std::chrono::steady_clock;

absl::Status add_metrics(api::metrics::Collectors& metrics, Clock::time_point started) {
    using api::metrics::Kind;
    using api::metrics::Samples;
    absl::Status status = metrics.add(
        "system", {"sluice_build", Kind::info, "", "What runs.", {"version", "build", "dpdk"}},
        [](Samples& samples) {
            samples.add({SLUICE_VERSION, SLUICE_BUILD, rte_version()}, uint64_t(1));
        });
    status.Update(metrics.add(
        "system", {"sluice_uptime_seconds", Kind::gauge, "seconds", "Time since the start."},
        [started](Samples& samples) {
            samples.add(std::chrono::duration<double>(Clock::now() - started).count());
        }));
    return status;
}

sluice::FindingLevel to_api(doctor::Level level) {
    switch (level) {
        case doctor::Level::ok:
            return sluice::FINDING_LEVEL_OK;
        case doctor::Level::note:
            return sluice::FINDING_LEVEL_NOTE;
        case doctor::Level::warning:
            return sluice::FINDING_LEVEL_WARNING;
        case doctor::Level::error:
            break;
    }
    return sluice::FINDING_LEVEL_ERROR;
}

std::vector<sluice::Finding> to_api(const doctor::Findings& findings) {
    std::vector<sluice::Finding> all;
    for (const doctor::Finding& finding : findings) {
        sluice::Finding& message = all.emplace_back();
        message.set_level(to_api(finding.level));
        message.set_topic(finding.topic);
        message.set_finding(finding.sentence);
        message.set_cost(finding.cost);
        message.set_remedy(finding.remedy);
    }
    return all;
}

/// Of this very daemon, which is in nobody's way.
doctor::Findings examine_self(const Options& options) {
    doctor::System system = doctor::probe(options);
    system.runs_on_hugepages = rte_eal_has_hugepages() != 0;
    if (system.running_daemon == getpid()) {
        system.running_daemon.reset();
    }
    return doctor::examine(system, options);
}

}  // namespace

std::string_view product_version() {
    return SLUICE_VERSION;
}

absl::Status register_system(api::Registry& registry, const Options& options) {
    const auto started = std::chrono::steady_clock::now();
    if (auto status = add_metrics(registry.metrics(), started); !status.ok()) {
        return status;
    }
    if (auto status = registry.add_list<sluice::DoctorRequest, sluice::Finding>(
            "sluice.System.Doctor",
            [options](const auto&) -> absl::StatusOr<api::ItemSource<sluice::Finding>> {
                return api::items(to_api(examine_self(options)));
            });
        !status.ok()) {
        return status;
    }
    return registry.add_unary<sluice::VersionRequest, sluice::VersionReply>(
        "sluice.System.Version", [started](const auto&) -> absl::StatusOr<sluice::VersionReply> {
            sluice::VersionReply reply;
            reply.set_version(SLUICE_VERSION);
            reply.set_build(SLUICE_BUILD);
            reply.set_dpdk(rte_version());
            reply.set_uptime(uint64_t(std::chrono::duration_cast<std::chrono::seconds>(
                                          std::chrono::steady_clock::now() - started)
                                          .count()));
            reply.set_pid(uint32_t(getpid()));
            reply.set_isa(std::string(vnet::isa()));
            return reply;
        });
}

bool run_doctor(const Options& options, bool json) {
    const doctor::Findings findings = doctor::examine(doctor::probe(options), options);
    if (!json) {
        fmt::print("{}", doctor::as_text(findings));
    } else {
        const api::grammar::TextForms forms;
        const char* separator = "[";
        for (const sluice::Finding& finding : to_api(findings)) {
            fmt::print("{}\n{}", separator, api::grammar::to_json(finding, forms));
            separator = ",";
        }
        fmt::print("\n]\n");
    }
    return doctor::worst(findings) != doctor::Level::error;
}

}  // namespace cli
