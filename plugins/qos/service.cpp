// SPDX-License-Identifier: Apache-2.0
#include "plugins/qos/service.hpp"

#include <set>
#include <vector>

#include "plugins/qos/requests.hpp"
#include "plugins/qos/words.hpp"
#include "vnet/service/convert.hpp"

namespace qos {

void Statements::forget(const std::string& interface) {
    trusts.erase(interface);
    markings.erase(interface);
    std::erase_if(attached, [&](const auto& one) { return one.first.first == interface; });
    std::erase_if(rules, [&](const auto& one) { return std::get<0>(one.first) == interface; });
}

namespace {

namespace proto = sluice::qos;
using vnet::interface::Interface;
using vnet::service::done;

constexpr const char* add_map_method = "sluice.qos.Qos.AddMap";
constexpr const char* add_policer_method = "sluice.qos.Qos.AddPolicer";
constexpr const char* set_trust_method = "sluice.qos.Qos.SetTrust";
constexpr const char* set_marking_method = "sluice.qos.Qos.SetMarking";
constexpr const char* set_policer_method = "sluice.qos.Qos.SetPolicer";
constexpr const char* add_rule_method = "sluice.qos.Qos.AddRule";

/// The methods, on the parts that do what they say. Control thread.
class Service {
public:
    Service(const vnet::interface::Table& table, Interfaces& interfaces,
            std::shared_ptr<Statements> statements)
        : table_(table), interfaces_(interfaces), statements_(std::move(statements)) {}

    absl::Status add_map(const proto::QosMap& request) {
        const auto kind = read_kind(request.kind());
        if (!kind.ok()) {
            return kind.status();
        }
        const std::vector<std::string> entries(request.entries().begin(), request.entries().end());
        const auto values = read_map(*kind, entries);
        if (!values.ok()) {
            return values.status();
        }
        return noted(interfaces_.set_map(request.name(), *kind, *values),
                     [&] { statements_->maps[request.name()] = request; });
    }
    absl::Status delete_map(const proto::DeleteQosMapRequest& request) {
        return noted(interfaces_.remove_map(request.name()),
                     [&] { statements_->maps.erase(request.name()); });
    }
    absl::Status add_policer(const proto::QosPolicer& request) {
        const auto setting = read_policer(request);
        if (!setting.ok()) {
            return setting.status();
        }
        return noted(interfaces_.set_policer(request.name(), *setting),
                     [&] { statements_->policers[request.name()] = request; });
    }
    absl::Status delete_policer(const proto::DeleteQosPolicerRequest& request) {
        return noted(interfaces_.remove_policer(request.name()),
                     [&] { statements_->policers.erase(request.name()); });
    }
    absl::Status set_trust(const proto::QosTrust& request) {
        return with(request, [&](const Interface& interface) -> absl::Status {
            const auto setting = read_trust(request);
            if (!setting.ok()) {
                return setting.status();
            }
            return noted(interfaces_.set_trust(interface.index, *setting),
                         [&] { statements_->trusts[interface.name] = request; });
        });
    }
    absl::Status reset_trust(const proto::QosInterfaceRequest& request) {
        return with(request, [&](const Interface& interface) {
            return noted(interfaces_.reset_trust(interface),
                         [&] { statements_->trusts.erase(interface.name); });
        });
    }
    absl::Status set_marking(const proto::QosMarking& request) {
        return with(request, [&](const Interface& interface) -> absl::Status {
            const auto setting = read_marking(request);
            if (!setting.ok()) {
                return setting.status();
            }
            return noted(interfaces_.set_marking(interface.index, *setting),
                         [&] { statements_->markings[interface.name] = request; });
        });
    }
    absl::Status reset_marking(const proto::QosInterfaceRequest& request) {
        return with(request, [&](const Interface& interface) {
            return noted(interfaces_.reset_marking(interface),
                         [&] { statements_->markings.erase(interface.name); });
        });
    }
    absl::Status set_policer(const proto::QosInterfacePolicer& request) {
        return with_side(request, [&](const Interface& interface, Side side) {
            return noted(interfaces_.attach(interface.index, side, request.policer()), [&] {
                statements_->attached[{interface.name, side}] = request;
            });
        });
    }
    absl::Status reset_policer(const proto::ResetQosPolicerRequest& request) {
        return with_side(request, [&](const Interface& interface, Side side) {
            return noted(interfaces_.detach(interface, side), [&] {
                statements_->attached.erase({interface.name, side});
            });
        });
    }
    absl::Status add_rule(const proto::QosRule& request) {
        return with_side(request, [&](const Interface& interface, Side side) -> absl::Status {
            const auto setting = read_rule(table_, request);
            if (!setting.ok()) {
                return setting.status();
            }
            return noted(interfaces_.add_rule(interface, side, request.number(), *setting), [&] {
                statements_->rules[{interface.name, side, request.number()}] = request;
            });
        });
    }
    absl::Status delete_rule(const proto::DeleteQosRuleRequest& request) {
        return with_side(request, [&](const Interface& interface, Side side) {
            return noted(interfaces_.remove_rule(interface, side, request.number()), [&] {
                statements_->rules.erase({interface.name, side, request.number()});
            });
        });
    }

    std::vector<proto::QosMapState> maps() const {
        std::vector<proto::QosMapState> all;
        for (const auto& [name, map] : statements_->maps) {
            proto::QosMapState& state = all.emplace_back();
            state.set_name(name);
            state.set_kind(map.kind());
            state.set_entries(entries_of(map));
            state.set_used(interfaces_.uses_of_map(name));
        }
        return all;
    }
    std::vector<proto::QosPolicerState> policers() const {
        std::vector<proto::QosPolicerState> all;
        for (const auto& [name, policer] : statements_->policers) {
            proto::QosPolicerState& state = all.emplace_back();
            state.set_name(name);
            state.set_kind(policer.kind());
            state.set_terms(terms_of(policer));
            state.set_per(policer.per());
            const Policer::Totals totals = interfaces_.totals_of_policer(name);
            state.set_conform_packets(totals.packets[0]);
            state.set_conform_bytes(totals.bytes[0]);
            state.set_exceed_packets(totals.packets[1]);
            state.set_exceed_bytes(totals.bytes[1]);
            state.set_violate_packets(totals.packets[2]);
            state.set_violate_bytes(totals.bytes[2]);
            state.set_crowded_packets(totals.crowded);
            state.set_used(interfaces_.uses_of_policer(name));
        }
        return all;
    }
    std::vector<proto::QosRuleState> rules() const {
        std::vector<proto::QosRuleState> all;
        for (const auto& [place, rule] : statements_->rules) {
            const auto& [name, side, number] = place;
            proto::QosRuleState& state = all.emplace_back();
            state.set_interface(name);
            state.set_direction(rule.direction());
            state.set_number(number);
            state.set_matches(matches_of(rule));
            state.set_does(deeds_of(rule));
            if (const auto interface = table_.find(name); interface.ok()) {
                const auto totals = interfaces_.totals_of_rule((*interface)->index, side, number);
                state.set_packets(totals.packets);
                state.set_bytes(totals.bytes);
            }
        }
        return all;
    }
    std::vector<proto::QosInterfaceState> interfaces() const {
        std::map<std::string, proto::QosInterfaceState> by_name;
        const auto of = [&by_name](const std::string& name) -> proto::QosInterfaceState& {
            const auto [found, made] = by_name.try_emplace(name);
            if (made) {
                found->second.set_interface(name);
                found->second.set_trust("-");
                found->second.set_marks("-");
                found->second.set_input_policer("-");
                found->second.set_output_policer("-");
            }
            return found->second;
        };
        for (const auto& [name, trust] : statements_->trusts) {
            of(name).set_trust(trust_of(trust));
        }
        for (const auto& [name, marking] : statements_->markings) {
            of(name).set_marks(marks_of(marking));
        }
        for (const auto& [place, attached] : statements_->attached) {
            proto::QosInterfaceState& state = of(place.first);
            if (place.second == Side::input) {
                state.set_input_policer(attached.policer());
            } else {
                state.set_output_policer(attached.policer());
            }
        }
        for (const auto& [place, rule] : statements_->rules) {
            proto::QosInterfaceState& state = of(std::get<0>(place));
            if (std::get<1>(place) == Side::input) {
                state.set_input_rules(state.input_rules() + 1);
            } else {
                state.set_output_rules(state.output_rules() + 1);
            }
        }
        std::vector<proto::QosInterfaceState> all;
        for (auto& [name, state] : by_name) {
            if (const auto interface = table_.find(name); interface.ok()) {
                const Index index = (*interface)->index;
                const std::string input = interfaces_.fault_of(index, Side::input);
                state.set_fault(input.empty() ? interfaces_.fault_of(index, Side::output) : input);
            }
            all.push_back(std::move(state));
        }
        return all;
    }

    /// What others need comes first.
    void write_config(const api::config::Emit& emit) const {
        for (const auto& [name, map] : statements_->maps) {
            emit(add_map_method, map);
        }
        for (const auto& [name, policer] : statements_->policers) {
            emit(add_policer_method, policer);
        }
        for (const auto& [name, trust] : statements_->trusts) {
            emit(set_trust_method, trust);
        }
        for (const auto& [name, marking] : statements_->markings) {
            emit(set_marking_method, marking);
        }
        for (const auto& [place, attached] : statements_->attached) {
            emit(set_policer_method, attached);
        }
        for (const auto& [place, rule] : statements_->rules) {
            emit(add_rule_method, rule);
        }
    }

private:
    template <class Note>
    static absl::Status noted(absl::Status status, Note note) {
        if (status.ok()) {
            note();
        }
        return status;
    }
    template <class Request, class Call>
    absl::Status with(const Request& request, Call call) const {
        const auto interface = table_.find(request.interface());
        return interface.ok() ? call(**interface) : interface.status();
    }
    template <class Request, class Call>
    absl::Status with_side(const Request& request, Call call) const {
        return with(request, [&](const Interface& interface) {
            const auto side = read_side(request.direction());
            return side.ok() ? call(interface, *side) : side.status();
        });
    }

    const vnet::interface::Table& table_;
    Interfaces& interfaces_;
    const std::shared_ptr<Statements> statements_;
};

template <class Request>
absl::Status add_call(vnet::plugin::Registry& registry, const std::shared_ptr<Service>& service,
                      const char* method, absl::Status (Service::*call)(const Request&)) {
    return registry.add_unary<Request, sluice::Empty>(
        method,
        [service, call](const Request& request) { return done((service.get()->*call)(request)); });
}

template <class State>
absl::Status add_list(vnet::plugin::Registry& registry, const std::shared_ptr<Service>& service,
                      const char* method, std::vector<State> (Service::*list)() const) {
    return registry.add_list<proto::ListQosRequest, State>(
        method, [service, list](const auto&) -> absl::StatusOr<api::ItemSource<State>> {
            return api::items((service.get()->*list)());
        });
}

}  // namespace

absl::Status register_service(vnet::plugin::Registry& registry, Interfaces& interfaces,
                              std::shared_ptr<Statements> statements) {
    const auto service =
        std::make_shared<Service>(registry.interfaces(), interfaces, std::move(statements));
    registry.add_config([service](const api::config::Emit& emit) { service->write_config(emit); });
    absl::Status status = add_call(registry, service, add_map_method, &Service::add_map);
    const auto add = [&](const char* method, auto call) {
        status.Update(add_call(registry, service, method, call));
    };
    add("sluice.qos.Qos.DeleteMap", &Service::delete_map);
    add(add_policer_method, &Service::add_policer);
    add("sluice.qos.Qos.DeletePolicer", &Service::delete_policer);
    add(set_trust_method, &Service::set_trust);
    add("sluice.qos.Qos.ResetTrust", &Service::reset_trust);
    add(set_marking_method, &Service::set_marking);
    add("sluice.qos.Qos.ResetMarking", &Service::reset_marking);
    add(set_policer_method, &Service::set_policer);
    add("sluice.qos.Qos.ResetPolicer", &Service::reset_policer);
    add(add_rule_method, &Service::add_rule);
    add("sluice.qos.Qos.DeleteRule", &Service::delete_rule);
    status.Update(add_list(registry, service, "sluice.qos.Qos.ListMaps", &Service::maps));
    status.Update(add_list(registry, service, "sluice.qos.Qos.ListPolicers", &Service::policers));
    status.Update(add_list(registry, service, "sluice.qos.Qos.ListRules", &Service::rules));
    status.Update(
        add_list(registry, service, "sluice.qos.Qos.ListInterfaces", &Service::interfaces));
    return status;
}

}  // namespace qos
