// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <absl/status/statusor.h>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "api/registry.hpp"
#include "plugins/host/object.hpp"
#include "vnet/router.hpp"

namespace plugins::host {

struct Options {
    /// Where plugins are looked for, the first that has one wins.
    std::vector<std::string> directories;
    /// Without these the daemon does not start.
    std::vector<std::string> required;
    /// These are left alone at start; they may be loaded by name.
    std::vector<std::string> excluded;
};

enum class State {
    loaded,
    refused,
    /// Nobody has asked for it, or it was unloaded.
    available,
};

struct PluginInfo {
    std::string name;
    State state = State::refused;
    /// The product version it was built for; empty where unknown.
    std::string version;
    std::string file;
    /// Why it was refused.
    std::string sentence;
    /// Names of the nodes that it brought.
    std::vector<std::string> nodes;
};

/// Loads plugins, and reports those that it does not. A plugin that is refused leaves nothing
/// behind but its mapped code. Owned by main; goes before the router, the registry and the engine,
/// and after the API's server. Control thread.
class Host {
public:
    /// `router` and `api` must outlive it.
    Host(vnet::Router& router, api::Registry& api, Options options);
    /// Takes back what the plugins registered and destroys their state, last loaded first. Workers
    /// may still run.
    ~Host();
    Host(const Host&) = delete;
    Host& operator=(const Host&) = delete;

    /// Loads what is in the directories, in the order of names. A plugin that is refused is
    /// reported in list() and does not fail this, unless it is required.
    absl::Status load_all();
    /// Loads one plugin by its name; the workers take up its nodes under traffic.
    absl::Status load(const std::string& name);
    /// Takes back all that a plugin registered, its interfaces too, and destroys its state; traffic
    /// that does not use it is not touched. Its code stays mapped, and it may be loaded again.
    /// NOT_FOUND for an unknown name, FAILED_PRECONDITION where it is not loaded, is required, or
    /// another plugin stands on its nodes or arcs.
    absl::Status unload(const std::string& name);
    /// All plugins that are in the directories or were asked for, by name.
    std::vector<PluginInfo> list() const;
    using Observer = std::function<void(const PluginInfo&)>;
    /// Calls back after each plugin that was loaded, refused or unloaded, while the host lives.
    void observe(Observer observer) { observers_.push_back(std::move(observer)); }
    vnet::Router& router() noexcept { return router_; }

private:
    struct Plugin {
        PluginInfo info;
        /// Of the mapped code, once there is some.
        vnet::plugin::Entry* entry = nullptr;
        Object::Version mapped;
        std::string descriptors;
        /// While it is loaded.
        std::unique_ptr<vnet::plugin::Registry> registry;
    };

    absl::StatusOr<std::string> find(const std::string& name) const;
    std::vector<std::string> found() const;
    absl::Status map(Plugin& plugin);
    absl::Status enter(Plugin& plugin);
    void leave(Plugin& plugin);
    absl::Status check_users(const std::string& name) const;
    absl::Status check_commands(const std::vector<std::string>& before) const;
    std::vector<std::string> methods() const;
    void note_nodes(Plugin& plugin) const;
    void tell(const PluginInfo& info) const;

    vnet::Router& router_;
    api::Registry& api_;
    const Options options_;
    std::map<std::string, Plugin> plugins_;
    /// In the order in which they came.
    std::vector<std::string> loaded_;
    /// Of plugins that could not be taken out of the graph: workers may still use their state.
    std::vector<std::unique_ptr<vnet::plugin::Registry>> stuck_;
    std::vector<Observer> observers_;
};

}  // namespace plugins::host
