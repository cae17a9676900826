// SPDX-License-Identifier: Apache-2.0
#include "api/testing/toys.hpp"

#include "toys_descriptors.hpp"

namespace api::testing {

std::string_view Toys::descriptors() {
    return toys_descriptors();
}

}  // namespace api::testing
