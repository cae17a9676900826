// SPDX-License-Identifier: Apache-2.0
#include "plugins/pg/statements.hpp"

#include <set>

#include "plugins/pg/pg.pb.h"

namespace pg {

void Statements::write(const api::config::Emit& emit) {
    made_.forget_if([this](const std::string& name) { return !interfaces_.find(name).ok(); });
    std::set<std::string> there;
    std::set<std::string> started;
    for (const Generators::Info& info : generators_.list()) {
        there.insert(info.name);
        if (info.state == Generators::State::running || info.state == Generators::State::waiting) {
            started.insert(info.name);
        }
    }
    feeds_.forget_if([&](const std::string& name) { return !there.contains(name); });
    made_.write(emit);
    feeds_.write(emit);
    for (const std::string& name : started) {
        sluice::pg::NameRequest start;
        start.set_name(name);
        emit("sluice.pg.PacketGenerator.Start", start);
    }
}

}  // namespace pg
