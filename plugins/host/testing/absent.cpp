// SPDX-License-Identifier: Apache-2.0

namespace absent {

/// In a library that is not there when the plugin is loaded.
int answer() {
    return 42;
}

}  // namespace absent
