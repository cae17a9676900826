// SPDX-License-Identifier: Apache-2.0
#include "plugins/host/loader.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <cctype>
#include <exception>
#include <filesystem>
#include <set>

#include "api/grammar/grammar.hpp"

namespace plugins::host {

namespace {

constexpr size_t longest_name = 64;
constexpr const char* suffix = ".so";

bool is_name(const std::string& name) {
    return !name.empty() && name.size() <= longest_name &&
           std::isalnum((unsigned char)name[0]) != 0 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) {
               return std::islower(c) != 0 || std::isdigit(c) != 0 || c == '-' || c == '_';
           });
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
}

/// Runs the plugin's own registration; whatever it does, it does not end the daemon.
absl::Status call(vnet::plugin::Entry* entry, vnet::plugin::Registry& registry) {
    absl::Status status;
    try {
        entry(registry, status);
    } catch (const std::exception& error) {
        return absl::InternalError(fmt::format("plugin '{}' threw while it registered: {}",
                                               registry.name(), error.what()));
    } catch (...) {
        return absl::InternalError(
            fmt::format("plugin '{}' threw while it registered", registry.name()));
    }
    if (!status.ok()) {
        return absl::Status(status.code(),
                            fmt::format("plugin '{}' did not register: {}", registry.name(),
                                        std::string(status.message())));
    }
    return status;
}

}  // namespace

Host::Host(vnet::Router& router, api::Registry& api, Options options)
    : router_(router), api_(api), options_(std::move(options)) {}

Host::~Host() {
    for (auto name = loaded_.rbegin(); name != loaded_.rend(); ++name) {
        plugins_.at(*name).registry->retire();
    }
    if (!loaded_.empty()) {
        if (auto status = router_.engine().commit(); !status.ok()) {
            spdlog::error("the graph without its plugins cannot be built: {}",
                          std::string(status.message()));
        }
        router_.engine().rcu().flush();
    }
    for (auto name = loaded_.rbegin(); name != loaded_.rend(); ++name) {
        plugins_.at(*name).registry.reset();
    }
}

std::vector<std::string> Host::found() const {
    std::set<std::string> names;
    for (const std::string& directory : options_.directories) {
        std::error_code error;
        for (std::filesystem::directory_iterator at(directory, error), end; !error && at != end;
             at.increment(error)) {
            if (at->path().extension() == suffix) {
                names.insert(at->path().stem());
            }
        }
    }
    return {names.begin(), names.end()};
}

absl::StatusOr<std::string> Host::find(const std::string& name) const {
    if (!is_name(name)) {
        return absl::InvalidArgumentError(fmt::format(
            "'{}' cannot name a plugin; use lower-case letters, digits, - and _", name));
    }
    for (const std::string& directory : options_.directories) {
        const std::filesystem::path file = std::filesystem::path(directory) / (name + suffix);
        std::error_code error;
        if (std::filesystem::exists(file, error)) {
            return file.string();
        }
    }
    return absl::NotFoundError(fmt::format(
        "there is no plugin '{}' in {}; there are: {}", name,
        options_.directories.empty() ? std::string("any directory, since none was given")
                                     : fmt::format("{}", fmt::join(options_.directories, ", ")),
        found().empty() ? "none" : fmt::format("{}", fmt::join(found(), ", "))));
}

absl::Status Host::load_all() {
    std::vector<std::string> names = found();
    for (const std::string& name : options_.required) {
        if (!contains(names, name)) {
            names.push_back(name);
        }
    }
    std::sort(names.begin(), names.end());
    for (const std::string& name : names) {
        const bool required = contains(options_.required, name);
        if (contains(options_.excluded, name) && !required) {
            continue;
        }
        const absl::Status status = load(name);
        if (!status.ok() && required) {
            return absl::Status(status.code(), fmt::format("a required plugin is missing: {}",
                                                           std::string(status.message())));
        }
    }
    return absl::OkStatus();
}

absl::Status Host::load(const std::string& name) {
    if (contains(loaded_, name)) {
        return absl::AlreadyExistsError(fmt::format("plugin '{}' is loaded already", name));
    }
    auto file = find(name);
    if (!file.ok()) {
        return file.status();
    }
    Plugin& plugin = plugins_[name];
    plugin.info.name = name;
    plugin.info.file = *file;
    absl::Status status = map(plugin);
    if (status.ok()) {
        status = enter(plugin);
    }
    plugin.info.sentence = std::string(status.message());
    plugin.info.state = status.ok() ? State::loaded : State::refused;
    if (status.ok()) {
        loaded_.push_back(name);
        note_nodes(plugin);
        spdlog::info("plugin '{}' is loaded with {} nodes", name, plugin.info.nodes.size());
    }
    tell(plugin.info);
    return status;
}

absl::Status Host::map(Plugin& plugin) {
    const std::string& name = plugin.info.name;
    if (plugin.entry != nullptr) {
        auto version = Object::version_of(name, plugin.info.file);
        if (!version.ok()) {
            return version.status();
        }
        if (*version == plugin.mapped) {
            return absl::OkStatus();
        }
        return absl::FailedPreconditionError(
            fmt::format("plugin '{}' was mapped from an earlier file, which cannot be undone; "
                        "start the daemon again to load {}",
                        name, plugin.info.file));
    }
    Stamp stamp;
    auto object = Object::check(name, plugin.info.file, stamp);
    plugin.info.version = stamp.product;
    if (!object.ok()) {
        return object.status();
    }
    auto entry = object->map();
    if (!entry.ok()) {
        return entry.status();
    }
    plugin.entry = *entry;
    plugin.mapped = object->version();
    plugin.descriptors = object->descriptors();
    return absl::OkStatus();
}

absl::Status Host::enter(Plugin& plugin) {
    const std::vector<std::string> before = methods();
    plugin.registry = std::make_unique<vnet::plugin::Registry>(router_, api_, plugin.info.name);
    absl::Status status = call(plugin.entry, *plugin.registry);
    if (status.ok()) {
        status = check_commands(before);
    }
    if (status.ok()) {
        status = router_.engine().commit();
    }
    if (status.ok() && !plugin.descriptors.empty()) {
        status = api_.add_descriptors(plugin.descriptors);
    }
    if (status.ok()) {
        return status;
    }
    leave(plugin);
    const std::string sentence(status.message());
    const bool named =
        sentence.find(fmt::format("plugin '{}'", plugin.info.name)) != std::string::npos;
    return named ? status
                 : absl::Status(status.code(), fmt::format("plugin '{}' does not fit: {}",
                                                           plugin.info.name, sentence));
}

void Host::leave(Plugin& plugin) {
    plugin.registry->retire();
    if (auto status = router_.engine().commit(); !status.ok()) {
        // What is left was a good graph before; that it is none any more is a fault of ours.
        spdlog::error("the graph without plugin '{}' cannot be built: {}", plugin.info.name,
                      std::string(status.message()));
        stuck_.push_back(std::move(plugin.registry));
        return;
    }
    router_.engine().rcu().flush();
    plugin.registry.reset();
}

absl::Status Host::unload(const std::string& name) {
    const auto at = std::find(loaded_.begin(), loaded_.end(), name);
    if (at == loaded_.end()) {
        if (auto file = find(name); !file.ok() && !plugins_.contains(name)) {
            return file.status();
        }
        return absl::FailedPreconditionError(
            fmt::format("plugin '{}' is not loaded; loaded are: {}", name,
                        loaded_.empty() ? "none" : fmt::format("{}", fmt::join(loaded_, ", "))));
    }
    if (contains(options_.required, name)) {
        return absl::FailedPreconditionError(
            fmt::format("plugin '{}' is required, so it stays until the daemon ends; start the "
                        "daemon without requiring it to unload it",
                        name));
    }
    if (auto status = check_users(name); !status.ok()) {
        return status;
    }
    loaded_.erase(at);
    Plugin& plugin = plugins_.at(name);
    leave(plugin);
    plugin.info.state = State::available;
    plugin.info.nodes.clear();
    spdlog::info("plugin '{}' is unloaded", name);
    tell(plugin.info);
    return absl::OkStatus();
}

void Host::tell(const PluginInfo& info) const {
    for (const Observer& observer : observers_) {
        observer(info);
    }
}

/// Whether other plugins lead packets to this one's nodes, or stand on its arcs.
absl::Status Host::check_users(const std::string& name) const {
    const graph::Graph& graph = router_.engine().graph();
    const auto refuse = [&](const std::string& user, std::string_view how,
                            const std::string& what) {
        return absl::FailedPreconditionError(
            fmt::format("plugin '{}' cannot be unloaded while plugin '{}' {} '{}'; unload '{}' "
                        "first",
                        name, user, how, what, user));
    };
    const auto is_other = [&](const std::string& owner) {
        return owner != name && contains(loaded_, owner);
    };
    const auto is_own = [&](const std::string& node) {
        const graph::NodeId id = graph.find(node);
        return id != graph::no_node && graph.nodes()[id].spec.owner == name;
    };
    for (const auto& node : graph.nodes()) {
        if (!node.present || !is_other(node.spec.owner)) {
            continue;
        }
        for (const auto& next : node.spec.edges) {
            if (is_own(next)) {
                return refuse(node.spec.owner, "sends to its node", next);
            }
        }
        for (const auto& next : node.links) {
            if (is_own(next)) {
                return refuse(node.spec.owner, "sends to its node", next);
            }
        }
    }
    for (const auto& arc : graph.arcs()) {
        for (const auto& feature : arc.features) {
            if (arc.present && arc.spec.owner == name && is_other(feature.owner)) {
                return refuse(feature.owner, "stands on its arc", arc.spec.name);
            }
        }
    }
    return absl::OkStatus();
}

std::vector<std::string> Host::methods() const {
    std::vector<std::string> names;
    for (const auto& method : api_.methods()) {
        names.push_back(method->name());
    }
    return names;
}

absl::Status Host::check_commands(const std::vector<std::string>& before) const {
    const api::grammar::TextForms forms;
    api::grammar::Grammar grammar(forms);
    std::vector<std::shared_ptr<const api::Method>> fresh;
    for (auto& method : api_.methods()) {
        if (contains(before, method->name())) {
            // A fault in what was there before is not the plugin's.
            (void)grammar.add_method(method->descriptor());
        } else {
            fresh.push_back(std::move(method));
        }
    }
    for (const auto& method : fresh) {
        if (auto status = grammar.add_method(method->descriptor()); !status.ok()) {
            return status;
        }
    }
    return absl::OkStatus();
}

void Host::note_nodes(Plugin& plugin) const {
    plugin.info.nodes.clear();
    for (const auto& node : router_.engine().graph().nodes()) {
        if (node.present && node.spec.owner == plugin.info.name) {
            plugin.info.nodes.push_back(node.spec.name);
        }
    }
}

std::vector<PluginInfo> Host::list() const {
    std::map<std::string, PluginInfo> all;
    for (const std::string& name : found()) {
        if (const auto file = find(name); file.ok()) {
            all[name] = {name, State::available, "", *file, "", {}};
        }
    }
    for (const auto& [name, plugin] : plugins_) {
        all[name] = plugin.info;
    }
    std::vector<PluginInfo> infos;
    for (auto& [name, info] : all) {
        infos.push_back(std::move(info));
    }
    return infos;
}

}  // namespace plugins::host
