// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "api/config/testing/config_test.pb.h"
#include "api/proto/types.pb.h"
#include "api/registry.hpp"

namespace api::config::testing {

namespace proto = sluice::config::testing;

/// The state behind sluice.config.testing.Things, its handlers and its writer.
class World {
public:
    World() {
        add<proto::Thing>("Add", [this](const auto& thing) { return make(thing); });
        add<proto::NameRequest>("Delete",
                                [this](const auto& thing) { return remove(thing.name()); });
        add<proto::PaintRequest>("Paint", [this](const auto& request) {
            if (request.colour() == "ugly") {
                return absl::InvalidArgumentError("'ugly' is no colour; take another");
            }
            const absl::Status status = need(request.name());
            if (status.ok()) {
                colours[request.name()] = request.colour();
            }
            return status;
        });
        add<proto::NameRequest>("Unpaint", [this](const auto& request) {
            return colours.erase(request.name()) == 1 ? absl::OkStatus()
                                                      : absl::NotFoundError("it has no colour");
        });
        add<proto::JoinRequest>("Join", [this](const auto& request) {
            absl::Status status = need(request.from());
            status.Update(need(request.to()));
            if (status.ok()) {
                joins.emplace(request.from(), request.to());
            }
            return status;
        });
        add<proto::JoinRequest>("Part", [this](const auto& request) {
            return joins.erase({request.from(), request.to()}) == 1
                       ? absl::OkStatus()
                       : absl::NotFoundError("they are not joined");
        });
        add<proto::NameRequest>("Poke", [](const auto&) { return absl::OkStatus(); });
        registry.config().add("world", [this](const Emit& emit) { write(emit); });
    }

    Registry registry;
    std::map<std::string, std::optional<std::uint32_t>> things;
    std::map<std::string, std::string> colours;
    std::set<std::pair<std::string, std::string>> joins;
    /// The methods that were called, without the service's name.
    std::vector<std::string> calls;
    /// A method that is refused from now on.
    std::string refused;

private:
    template <class Request, class Handler>
    void add(const std::string& method, Handler handler) {
        const auto run = [this, method,
                          handler](const Request& request) -> absl::StatusOr<sluice::Empty> {
            calls.push_back(method);
            const absl::Status status =
                method == refused ? absl::InternalError("it is refused") : handler(request);
            if (!status.ok()) {
                return status;
            }
            return sluice::Empty();
        };
        EXPECT_TRUE((registry.add_unary<Request, sluice::Empty>(
                         "sluice.config.testing.Things." + method, run))
                        .ok());
    }
    absl::Status need(const std::string& name) const {
        return things.contains(name)
                   ? absl::OkStatus()
                   : absl::NotFoundError(fmt::format("there is no thing '{}'", name));
    }
    absl::Status make(const proto::Thing& thing) {
        if (thing.name() == "bad") {
            return absl::InvalidArgumentError("'bad' is no name; take another");
        }
        if (things.contains(thing.name())) {
            return absl::AlreadyExistsError(fmt::format("'{}' is there already", thing.name()));
        }
        things[thing.name()] =
            thing.has_size() ? std::optional<std::uint32_t>(thing.size()) : std::nullopt;
        return absl::OkStatus();
    }
    absl::Status remove(const std::string& name) {
        if (absl::Status status = need(name); !status.ok()) {
            return status;
        }
        things.erase(name);
        colours.erase(name);
        std::erase_if(joins,
                      [&](const auto& join) { return join.first == name || join.second == name; });
        return absl::OkStatus();
    }
    void write(const Emit& emit) const {
        for (const auto& [name, size] : things) {
            proto::Thing thing;
            thing.set_name(name);
            if (size) {
                thing.set_size(*size);
            }
            emit("sluice.config.testing.Things.Add", thing);
        }
        for (const auto& [name, colour] : colours) {
            proto::PaintRequest paint;
            paint.set_name(name);
            paint.set_colour(colour);
            emit("sluice.config.testing.Things.Paint", paint);
        }
        for (const auto& [from, to] : joins) {
            proto::JoinRequest join;
            join.set_from(from);
            join.set_to(to);
            emit("sluice.config.testing.Things.Join", join);
        }
    }
};

}  // namespace api::config::testing
