// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "api/config/kept.hpp"
#include "plugins/pg/generators.hpp"
#include "plugins/pg/interfaces.hpp"

namespace pg {

/// What was asked for, as it was typed, for the running configuration. What is gone by now is not
/// written. Control thread.
class Statements {
public:
    Statements(const Interfaces& interfaces, const Generators& generators)
        : interfaces_(interfaces), generators_(generators) {}

    template <class Request>
    void made_interface(std::string_view method, const Request& request) {
        made_.keep(request.name(), method, request);
    }
    template <class Request>
    void made_generator(std::string_view method, const Request& request) {
        feeds_.keep(request.name(), method, request);
    }

    void write(const api::config::Emit& emit);

private:
    const Interfaces& interfaces_;
    const Generators& generators_;
    api::config::Kept<std::string> made_;
    api::config::Kept<std::string> feeds_;
};

}  // namespace pg
