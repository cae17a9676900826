// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/service.hpp"

#include <algorithm>

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

}  // namespace

absl::Status register_service(api::Registry& api, Host& host) {
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
        [&host](const sluice::LoadPluginRequest& request) -> absl::StatusOr<sluice::Plugin> {
            if (auto loaded = host.load(request.name()); !loaded.ok()) {
                return loaded;
            }
            const std::vector<PluginInfo> all = host.list();
            const auto found = std::find_if(all.begin(), all.end(), [&](const PluginInfo& info) {
                return info.name == request.name();
            });
            return to_api(*found);
        }));
    return status;
}

}  // namespace plugins::host
