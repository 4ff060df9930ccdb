package calendar

import _ "time/tzdata" // Windows ships no zone database; other systems do, and 0.4 MB is spared there
