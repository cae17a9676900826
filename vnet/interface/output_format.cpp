// SPDX-License-Identifier: Apache-2.0
#include "vnet/interface/output.hpp"

namespace vnet::interface {

graph::TraceFields Output::format(const graph::TraceStep& step) const {
    return {{"interface", table_.name_of(step.at.meta.tx_interface)}};
}

}  // namespace vnet::interface
