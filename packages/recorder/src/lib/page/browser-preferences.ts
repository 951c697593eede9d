/** What a new profile begins with, as Chromium's `Preferences` file. */
export function browserPreferences(options: {
  readonly language: string;
  readonly directMedia: boolean;
}): string {
  const { language, directMedia } = options;
  const languages = [...new Set([language, language.split('-')[0]])].join(',');
  return JSON.stringify({
    intl: { accept_languages: languages, selected_languages: languages },
    ...(directMedia ? {} : { webrtc: { ip_handling_policy: 'disable_non_proxied_udp' } }),
    credentials_enable_service: false,
    profile: { password_manager_enabled: false },
    translate: { enabled: false },
    // print() would stop the page and show a dialog.
    printing: { enabled: false },
  });
}
