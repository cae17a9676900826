// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>

#include "api/config/kept.hpp"
#include "vnet/proto/fragments.pb.h"
#include "vnet/service/interface_statements.hpp"
#include "vnet/service/metrics.hpp"
#include "vnet/service/services.hpp"

namespace vnet::service {

namespace {

using fragment::Purpose;

/// What was asked for, for as long as it holds.
struct FragmentStatements {
    api::config::Kept<int> bounds;
    /// By interface: the handle that keeps its virtual reassembly on.
    std::map<interface::Index, std::shared_ptr<void>> virtual_on;
};

absl::StatusOr<Purpose> purpose_of(sluice::Reassembly kind) {
    if (size_t(kind) >= fragment::purposes.size()) {
        return absl::InvalidArgumentError(fmt::format(
            "{} is no kind of reassembly; it is ip4-local, ip4-virtual, ip6-local or ip6-virtual",
            int(kind)));
    }
    return Purpose(kind);
}

absl::StatusOr<sluice::Empty> set_bounds(fragment::Fragments& fragments,
                                         FragmentStatements& statements,
                                         const sluice::SetFragmentsRequest& request) {
    const auto purpose = purpose_of(request.kind());
    if (!purpose.ok()) {
        return purpose.status();
    }
    fragment::Settings settings = fragments.defaults(*purpose);
    const auto take = [](bool has, uint32_t value, uint32_t& to) {
        if (has) {
            to = value;
        }
    };
    take(request.has_datagrams(), request.datagrams(), settings.datagrams);
    take(request.has_buffers(), request.buffers(), settings.buffers);
    take(request.has_fragments(), request.fragments(), settings.fragments);
    take(request.has_share(), request.share(), settings.share);
    take(request.has_timeout(), request.timeout(), settings.timeout_ms);
    if (auto status = fragments.set(*purpose, settings); !status.ok()) {
        return status;
    }
    statements.bounds.keep(int(*purpose), "sluice.Fragments.Set", request);
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> reset_bounds(fragment::Fragments& fragments,
                                           FragmentStatements& statements,
                                           const sluice::ResetFragmentsRequest& request) {
    const auto purpose = purpose_of(request.kind());
    if (!purpose.ok()) {
        return purpose.status();
    }
    if (auto status = fragments.set(*purpose, fragments.defaults(*purpose)); !status.ok()) {
        return status;
    }
    statements.bounds.forget(int(*purpose));
    return sluice::Empty();
}

absl::StatusOr<sluice::Empty> set_virtual(Router& router, FragmentStatements& statements,
                                          const sluice::SetVirtualRequest& request) {
    if (!sluice::VirtualReassemblyState_IsValid(request.state())) {
        return absl::InvalidArgumentError(
            fmt::format("{} is not a state; it is on or off", int(request.state())));
    }
    const auto found = router.interfaces().find(request.name());
    if (!found.ok()) {
        return found.status();
    }
    const interface::Index index = (*found)->index;
    if (request.state() == sluice::VIRTUAL_REASSEMBLY_STATE_OFF) {
        statements.virtual_on.erase(index);
        return sluice::Empty();
    }
    auto handle = router.fragments().use_ports(index);
    if (!handle.ok()) {
        return handle.status();
    }
    statements.virtual_on[index] = *std::move(handle);
    return sluice::Empty();
}

std::vector<sluice::FragmentKind> list_kinds(Router& router) {
    std::vector<sluice::FragmentKind> kinds;
    for (const Purpose purpose : fragment::purposes) {
        const fragment::Fragments& fragments = router.fragments();
        const auto totals = fragments.totals(purpose);
        const fragment::Settings& settings = fragments.settings(purpose);
        sluice::FragmentKind& kind = kinds.emplace_back();
        kind.set_kind(sluice::Reassembly(purpose));
        kind.set_datagrams(totals.datagrams);
        kind.set_buffers(totals.buffers);
        kind.set_begun(totals.begun);
        kind.set_whole(totals.whole);
        kind.set_timed_out(totals.timed_out);
        kind.set_displaced(totals.displaced);
        kind.set_refused(totals.refused);
        kind.set_most_datagrams(settings.datagrams);
        kind.set_most_buffers(settings.buffers);
        kind.set_most_fragments(settings.fragments);
        kind.set_share(settings.share);
        kind.set_timeout(settings.timeout_ms);
        if (fragment::is_virtual(purpose)) {
            for (const auto& [name, index] : by_name(router.interfaces())) {
                if (fragments.ports_used(index)) {
                    kind.add_interfaces(name);
                }
            }
        }
    }
    return kinds;
}

std::vector<sluice::CutPackets> list_cut(const fragment::Fragments& fragments) {
    std::vector<sluice::CutPackets> all;
    const auto add = [&all](const char* family, const fragment::Fragments::CutTotals& totals) {
        sluice::CutPackets& cut = all.emplace_back();
        cut.set_family(family);
        cut.set_packets(totals.packets);
        cut.set_fragments(totals.fragments);
    };
    add("ip4", fragments.ip4_cut_totals());
    add("ip6", fragments.ip6_cut_totals());
    return all;
}

void write_fragments(Router& router, const FragmentStatements& statements,
                     const api::config::Emit& emit) {
    statements.bounds.write(emit);
    for (const auto& [name, index] : by_name(router.interfaces())) {
        if (statements.virtual_on.contains(index)) {
            sluice::SetVirtualRequest request;
            request.set_name(name);
            request.set_state(sluice::VIRTUAL_REASSEMBLY_STATE_ON);
            emit("sluice.Fragments.SetVirtual", request);
        }
    }
}

/// What a purpose is called in metrics.
std::string kind_label(Purpose purpose) {
    switch (purpose) {
        case Purpose::ip4_local:
            return "ip4-local";
        case Purpose::ip4_virtual:
            return "ip4-virtual";
        case Purpose::ip6_local:
            return "ip6-local";
        case Purpose::ip6_virtual:
            break;
    }
    return "ip6-virtual";
}

}  // namespace

absl::Status register_fragments(api::Registry& registry, Router& router) {
    const auto statements = std::make_shared<FragmentStatements>();
    router.interfaces().observe(
        [weak = std::weak_ptr(statements)](const interface::Interface& interface,
                                           interface::Change change) {
            if (const auto alive = weak.lock(); alive && change == interface::Change::removing) {
                alive->virtual_on.erase(interface.index);
            }
        });
    registry.config().add("fragments", [&router, statements](const api::config::Emit& emit) {
        write_fragments(router, *statements, emit);
    });
    absl::Status status = registry.add_unary<sluice::SetFragmentsRequest, sluice::Empty>(
        "sluice.Fragments.Set", [&router, statements](const auto& request) {
            return set_bounds(router.fragments(), *statements, request);
        });
    status.Update(registry.add_unary<sluice::ResetFragmentsRequest, sluice::Empty>(
        "sluice.Fragments.Reset", [&router, statements](const auto& request) {
            return reset_bounds(router.fragments(), *statements, request);
        }));
    status.Update(registry.add_unary<sluice::SetVirtualRequest, sluice::Empty>(
        "sluice.Fragments.SetVirtual", [&router, statements](const auto& request) {
            return set_virtual(router, *statements, request);
        }));
    status.Update(registry.add_list<sluice::ListFragmentsRequest, sluice::FragmentKind>(
        "sluice.Fragments.List",
        [&router](const auto&) { return api::items(list_kinds(router)); }));
    status.Update(registry.add_list<sluice::ListCutRequest, sluice::CutPackets>(
        "sluice.Fragments.ListCut",
        [&router](const auto&) { return api::items(list_cut(router.fragments())); }));
    return status;
}

absl::Status add_fragment_metrics(api::Registry& registry, Router& router) {
    using api::metrics::Kind;
    using api::metrics::Samples;
    using Totals = fragment::Fragments::Totals;
    MetricsAdder metrics(registry, "fragments");
    const auto add = [&](const char* name, Kind kind, const char* help, uint64_t Totals::*value) {
        metrics.add({name, kind, "", help, {"kind"}}, [&router, value](Samples& samples) {
            for (const Purpose purpose : fragment::purposes) {
                samples.add({kind_label(purpose)}, router.fragments().totals(purpose).*value);
            }
        });
    };
    add("sluice_reassembly_datagrams", Kind::gauge,
        "Datagrams of which some fragments have come, refused ones included.", &Totals::datagrams);
    add("sluice_reassembly_buffers", Kind::gauge, "Packet buffers that fragments wait in.",
        &Totals::buffers);
    add("sluice_reassembly_begun", Kind::counter, "Datagrams of which a fragment came.",
        &Totals::begun);
    add("sluice_reassembly_whole", Kind::counter, "Datagrams of which all fragments came.",
        &Totals::whole);
    add("sluice_reassembly_timed_out", Kind::counter,
        "Datagrams of which the rest did not come in time.", &Totals::timed_out);
    add("sluice_reassembly_displaced", Kind::counter, "Datagrams given up for newer ones.",
        &Totals::displaced);
    add("sluice_reassembly_refused", Kind::counter, "Datagrams refused for overlaps and the like.",
        &Totals::refused);
    metrics.add({"sluice_fragmented_packets",
                 Kind::counter,
                 "",
                 "Packets cut, as they were longer than their link's MTU.",
                 {"family"}},
                [&router](Samples& samples) {
                    samples.add({"ip4"}, router.fragments().ip4_cut_totals().packets);
                    samples.add({"ip6"}, router.fragments().ip6_cut_totals().packets);
                });
    metrics.add({"sluice_fragments_made", Kind::counter, "", "Fragments made of them.", {"family"}},
                [&router](Samples& samples) {
                    samples.add({"ip4"}, router.fragments().ip4_cut_totals().fragments);
                    samples.add({"ip6"}, router.fragments().ip6_cut_totals().fragments);
                });
    return metrics.status();
}

}  // namespace vnet::service
