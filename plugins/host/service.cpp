// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/service.hpp"

#include <map>
#include <memory>
#include <set>

#include "vnet/proto/plugin.pb.h"

namespace plugins::host {

namespace {

sluice::PluginState to_api(State state) {
    switch (state) {
        case State::loaded:
            return sluice::PLUGIN_STATE_LOADED;
        case State::refused:
            return sluice::PLUGIN_STATE_REFUSED;
        case State::available:
            break;
    }
    return sluice::PLUGIN_STATE_AVAILABLE;
}

sluice::Plugin to_api(const PluginInfo& info) {
    sluice::Plugin message;
    message.set_name(info.name);
    message.set_state(to_api(info.state));
    message.set_version(info.version);
    message.set_file(info.file);
    message.set_reason(info.sentence);
    for (const std::string& node : info.nodes) {
        message.add_nodes(node);
    }
    return message;
}

/// What `show plugin` says of one plugin; empty but for its name where its file is gone by now.
sluice::Plugin describe(const Host& host, const std::string& name) {
    for (const PluginInfo& info : host.list()) {
        if (info.name == name) {
            return to_api(info);
        }
    }
    sluice::Plugin message;
    message.set_name(name);
    return message;
}

/// The journal outlives the host: what it tells of plugins is a copy.
void publish_events(Host& host) {
    using Known = std::map<std::string, sluice::Plugin>;
    const auto known = std::make_shared<Known>();
    for (const PluginInfo& info : host.list()) {
        if (info.state != State::available) {
            known->emplace(info.name, to_api(info));
        }
    }
    vnet::events::Journal& events = host.router().events();
    host.observe([&events, known](const PluginInfo& info) {
        const bool gone = info.state == State::available;
        const bool is_new = !known->contains(info.name);
        sluice::Event event;
        *event.mutable_plugin() = to_api(info);
        if (gone) {
            known->erase(info.name);
        } else {
            (*known)[info.name] = event.plugin();
        }
        events.publish(sluice::EVENT_TOPIC_PLUGIN,
                       gone     ? sluice::EVENT_CHANGE_REMOVED
                       : is_new ? sluice::EVENT_CHANGE_ADDED
                                : sluice::EVENT_CHANGE_CHANGED,
                       std::move(event));
    });
    events.set_state(sluice::EVENT_TOPIC_PLUGIN, [known] {
        std::vector<sluice::Event> all;
        for (const auto& [name, plugin] : *known) {
            *all.emplace_back().mutable_plugin() = plugin;
        }
        return all;
    });
}

}  // namespace

absl::Status register_service(api::Registry& api, Host& host) {
    publish_events(host);
    // What is found at the next start is loaded then, but for what the operator does without.
    const auto unloaded = std::make_shared<std::set<std::string>>();
    api.config().add("plugins", [unloaded](const api::config::Emit& emit) {
        for (const std::string& name : *unloaded) {
            sluice::UnloadPluginRequest request;
            request.set_name(name);
            emit("sluice.Plugins.Unload", request);
        }
    });
    absl::Status status = api.add_list<sluice::ListPluginsRequest, sluice::Plugin>(
        "sluice.Plugins.List",
        [&host](
            const sluice::ListPluginsRequest&) -> absl::StatusOr<api::ItemSource<sluice::Plugin>> {
            std::vector<sluice::Plugin> all;
            for (const PluginInfo& info : host.list()) {
                all.push_back(to_api(info));
            }
            return api::items(std::move(all));
        });
    status.Update(api.add_unary<sluice::LoadPluginRequest, sluice::Plugin>(
        "sluice.Plugins.Load",
        [&host,
         unloaded](const sluice::LoadPluginRequest& request) -> absl::StatusOr<sluice::Plugin> {
            if (auto loaded = host.load(request.name()); !loaded.ok()) {
                return loaded;
            }
            unloaded->erase(request.name());
            return describe(host, request.name());
        }));
    status.Update(api.add_unary<sluice::UnloadPluginRequest, sluice::Plugin>(
        "sluice.Plugins.Unload",
        [&host,
         unloaded](const sluice::UnloadPluginRequest& request) -> absl::StatusOr<sluice::Plugin> {
            if (auto done = host.unload(request.name()); !done.ok()) {
                return done;
            }
            unloaded->insert(request.name());
            return describe(host, request.name());
        }));
    return status;
}

}  // namespace plugins::host
