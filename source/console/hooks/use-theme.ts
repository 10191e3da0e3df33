import { createContext, useContext } from 'react';
import { type Theme, themeFor } from '../theme.ts';

export const ThemeContext = createContext<Theme>(themeFor({}));

/** How the screen looks. */
export const useTheme = (): Theme => useContext(ThemeContext);
